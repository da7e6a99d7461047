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
  var losing = 0;
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

  // A form that nobody takes leads to a page of the browser, and what was typed is lost.
  function able(yes) {
    if (!forms) return;
    forms.dataset.able = yes ? 'yes' : 'no';
    forms.querySelectorAll('button').forEach(function (b) { b.disabled = !yes; });
  }
  if (forms) forms.addEventListener('submit', function (e) { if (forms.dataset.able === 'no') e.preventDefault(); });

  function lost() {
    if (over || contact.firstChild) return;
    var refused = source.readyState === EventSource.CLOSED; // by somebody who is there: a form may be taken
    able(refused);
    var text = document.createElement('div');
    text.className = 'lost';
    text.setAttribute('role', 'alert');
    text.innerHTML = '<p><b>No contact since <span></span> UTC.</b> This page is not up to date' + (refused ? '. ' : ', and nothing can be stopped or noted from here until it is. ') + 'The run may go on without it, or its process has ended.</p><p>If the process was killed, its guard removes the faults. On the machine of the run, <code>blastgauge stop --status</code> tells whether it goes on, and <code>blastgauge recover</code> makes sure that nothing is left of one that does not.</p>';
    text.querySelector('span').textContent = utc(heard);
    contact.replaceChildren(text);
    // What moves with time stands still from now on.
    document.querySelectorAll('#p-head h1, #p-head .kpi:last-child .d, #p-faults .m.fault, #p-recovery li, [data-waiting] dd.since').forEach(function (e) {
      var mark = document.createElement('span');
      mark.className = 'asof';
      mark.textContent = ' as of ' + utc(heard) + ' UTC';
      e.append(mark);
    });
  }
  function found() {
    heard = new Date();
    clearTimeout(losing);
    losing = 0;
    if (over) return;
    able(true);
    if (!contact.firstChild) return;
    contact.replaceChildren();
    document.querySelectorAll('.asof').forEach(function (mark) { mark.remove(); });
  }
  function end() {
    over = true;
    clearTimeout(losing);
    document.querySelectorAll('.asof').forEach(function (mark) { mark.remove(); });
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
      if (over) return;
      able(source.readyState === EventSource.CLOSED);
      if (!losing) losing = setTimeout(lost, 3000); // a connection may break and be there again at once
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
    if (!document.hidden && source.readyState !== EventSource.CLOSED && Date.now() - heard > 40000 && !contact.firstChild) {
      lost();
      source.close(); // a connection that has died silently says nothing: a new one tells
      connect();
    }
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
