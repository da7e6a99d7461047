(function () {
  'use strict';
  // The page is complete without this script, which reads itself again every other
  // second then. With it, parts are replaced as the run goes on.
  var main = document.getElementById('_main');
  var contact = document.getElementById('contact');
  var log = document.getElementById('log');
  var forms = document.getElementById('forms');
  var deciding = document.getElementById('deciding');
  if (!main || !window.EventSource || main.hasAttribute('data-over')) return;
  if (forms) forms.hidden = false;

  var last = main.dataset.last;
  var heard = new Date();
  var waits = {};
  var over = false;
  var source;

  function utc(at) { return at.toISOString().slice(11, 19); }

  // What somebody reads or types in is replaced when the focus leaves it.
  function replace(id, html) {
    var part = document.getElementById(id);
    if (!part) return;
    if (part.contains(document.activeElement) && document.activeElement !== part) {
      waits[id] = html;
      return;
    }
    delete waits[id];
    var open = Array.prototype.map.call(part.querySelectorAll('details[open]'), function (d) { return d.dataset.key; });
    part.innerHTML = html;
    part.querySelectorAll('details[data-key]').forEach(function (d) {
      d.open = open.indexOf(d.dataset.key) >= 0;
    });
    if (id === 'p-waiting' && deciding) {
      var about = part.querySelector('[data-waiting]');
      deciding.hidden = !about;
      if (about) {
        deciding.querySelector('[name=experiment]').value = about.dataset.waiting;
        var name = deciding.querySelector('form b');
        if (name) name.textContent = about.dataset.waiting;
        if (deciding.dataset.opened !== about.dataset.waiting) deciding.open = true;
        deciding.dataset.opened = about.dataset.waiting;
      }
    }
  }
  main.addEventListener('focusout', function () {
    setTimeout(function () {
      Object.keys(waits).forEach(function (id) { replace(id, waits[id]); });
    });
  });

  function lost() {
    if (over || contact.firstChild) return;
    var text = document.createElement('p');
    text.className = 'lost';
    text.setAttribute('role', 'alert');
    text.textContent = 'No contact since ' + utc(heard) + ' UTC. The run may go on without this page, or its process has ended.';
    contact.replaceChildren(text);
  }
  function found() {
    heard = new Date();
    if (!over && contact.firstChild) contact.replaceChildren();
  }
  function end() {
    over = true;
    if (source) source.close();
    var acts = document.getElementById('acts');
    if (acts) acts.remove();
  }

  function connect() {
    source = new EventSource(main.dataset.events + '&last=' + encodeURIComponent(last));
    source.addEventListener('open', found);
    source.addEventListener('tick', found);
    source.addEventListener('panel', function (e) {
      found();
      last = e.lastEventId || last;
      var part = JSON.parse(e.data);
      replace('p-' + part.panel, part.html);
    });
    source.addEventListener('entry', function (e) {
      found();
      last = e.lastEventId || last;
      var entry = JSON.parse(e.data);
      if (document.getElementById(entry.key)) return;
      var row = document.createElement('li');
      row.id = entry.key;
      row.innerHTML = entry.html;
      log.prepend(row);
    });
    source.addEventListener('over', function (e) {
      found();
      contact.innerHTML = JSON.parse(e.data).html;
      end();
    });
    source.addEventListener('error', function () {
      lost();
      // A browser gives up where it was refused, and tries again by itself where nobody answers.
      if (!over && source.readyState === EventSource.CLOSED) {
        setTimeout(function () { if (!over && source.readyState === EventSource.CLOSED) connect(); }, 5000);
      }
    });
  }
  connect();
  // A browser has few connections to one server, and another tab may need one to stop the run.
  var hiding;
  document.addEventListener('visibilitychange', function () {
    clearTimeout(hiding);
    if (over) return;
    if (document.hidden) {
      hiding = setTimeout(function () { source.close(); }, 30000);
    } else if (source.readyState === EventSource.CLOSED) {
      connect();
    }
  });
  setInterval(function () {
    if (!document.hidden && source.readyState !== EventSource.CLOSED && Date.now() - heard > 40000) lost();
  }, 5000);

  // A name is typed once.
  document.querySelectorAll('[data-remember]').forEach(function (input) {
    try { input.value = input.value || sessionStorage.getItem('name') || ''; } catch (e) { return; }
    input.addEventListener('change', function () {
      document.querySelectorAll('[data-remember]').forEach(function (other) { other.value = input.value; });
      try { sessionStorage.setItem('name', input.value); } catch (e) { return; }
    });
  });
})();
