(function () {
  'use strict';
  // Everything is on the page without this script. It adds a crosshair, the
  // arrow keys on charts, and opens what a link points to.
  document.querySelectorAll('.plot').forEach(function (plot) {
    var hits = Array.prototype.slice.call(plot.querySelectorAll('.hits rect'));
    if (!hits.length) return;
    var texts = hits.map(function (hit) {
      var title = hit.querySelector('title');
      var text = title ? title.textContent : '';
      if (title) title.remove();
      return text;
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
    plot.setAttribute('aria-label', 'Interactive chart: the arrow keys read values. A table follows.');
    function show(k) {
      at = Math.max(0, Math.min(hits.length - 1, k));
      var hit = hits[at];
      line.style.display = 'block';
      line.style.left = parseFloat(hit.getAttribute('x')) + parseFloat(hit.getAttribute('width')) / 2 + '%';
      line.style.top = hit.parentNode.getAttribute('y') + 'px';
      line.style.height = hit.parentNode.getAttribute('height') + 'px';
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
