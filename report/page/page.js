(function () {
  'use strict';
  // Everything is on the page without this script. It adds a crosshair, the
  // arrow keys on charts, buttons that copy, and opens what a link points to.
  function sentence(row) {
    var c = Array.prototype.map.call(row.children, function (cell) { return cell.textContent; });
    var arm = function (name, i) { return name + ' ' + c[i + 1] + ' of ' + c[i] + ' harmed, p95 ' + c[i + 2]; };
    return c[0] + ': ' + arm('fault arm', 1) + (c.length > 4 ? '; ' + arm('control', 4) : '');
  }
  document.querySelectorAll('.plot').forEach(function (plot) {
    var hits = Array.prototype.slice.call(plot.querySelectorAll('.hits path'));
    if (!hits.length) return;
    var table = plot.closest('figure').nextElementSibling;
    var rows = table && table.matches('details.data') ? table.querySelectorAll('tbody tr') : [];
    var texts = hits.map(function (hit, i) {
      var title = hit.querySelector('title');
      var text = title ? title.textContent : '';
      if (title) title.remove();
      return rows[i] ? sentence(rows[i]) : text;
    });
    var line = document.createElement('div');
    var out = document.createElement('output');
    var at = -1;
    line.className = 'cross';
    out.className = 'readout';
    out.setAttribute('aria-live', 'polite');
    plot.appendChild(line);
    plot.after(out);
    plot.tabIndex = 0;
    plot.setAttribute('role', 'group');
    plot.setAttribute('aria-label', 'Interactive chart: the arrow keys read values. ');
    function show(k) {
      at = Math.max(0, Math.min(hits.length - 1, k));
      var box = hits[at].getBBox();
      var x = box.x + box.width / 2;
      var all = hits[at].parentNode;
      line.style.display = 'block';
      line.style.left = 100 * x / all.viewBox.baseVal.width + '%';
      line.style.top = all.getAttribute('y') + 'px';
      line.style.height = all.getAttribute('height') + 'px';
      out.textContent = texts[at];
    }
    function hide() {
      line.style.display = 'none';
      out.textContent = '';
      at = -1;
    }
    hits.forEach(function (hit, i) {
      hit.addEventListener('pointerenter', function () { show(i); });
    });
    plot.addEventListener('pointerleave', hide);
    plot.addEventListener('blur', hide);
    plot.addEventListener('keydown', function (e) {
      var to = { ArrowLeft: at < 0 ? 0 : at - 1, ArrowRight: at + 1, Home: 0, End: hits.length - 1 }[e.key];
      if (to === undefined) return;
      show(to);
      e.preventDefault();
    });
  });
  // A table that has to be scrolled can be reached without a pointer.
  var watch = new ResizeObserver(function (list) {
    list.forEach(function (entry) {
      var box = entry.target;
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    });
  });
  document.querySelectorAll('.tblw').forEach(function (box) { watch.observe(box); });
  // Where a page may not use the clipboard, the text is selected for Ctrl+C.
  document.querySelectorAll('pre.copy').forEach(function (pre) {
    var box = document.createElement('div');
    var button = document.createElement('button');
    var said = document.createElement('span');
    box.className = 'copybox';
    button.type = 'button';
    button.textContent = 'Copy';
    said.className = 'skip';
    said.setAttribute('role', 'status');
    pre.before(box);
    box.append(pre, button, said);
    function tell(text) { button.textContent = said.textContent = text; }
    function byHand() {
      var range = document.createRange();
      range.selectNodeContents(pre);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      tell(document.execCommand('copy') ? 'Copied' : 'Press Ctrl+C');
    }
    button.addEventListener('click', function () {
      if (!navigator.clipboard) return byHand();
      navigator.clipboard.writeText(pre.textContent).then(function () { tell('Copied'); }, byHand);
    });
    button.addEventListener('blur', function () { button.textContent = 'Copy'; said.textContent = ''; });
  });
  function reveal() {
    var id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch (e) { return; }
    var target = id && document.getElementById(id);
    var details = target && target.closest('details');
    if (!details || details.open) return;
    details.open = true;
    target.scrollIntoView();
  }
  addEventListener('hashchange', reveal);
  reveal();
})();
