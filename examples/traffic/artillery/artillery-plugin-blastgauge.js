'use strict';
// Artillery ends its worker at a signal, and with it the journeys under way. This holds the
// end back until they have ended.
const { isMainThread, BroadcastChannel } = require('node:worker_threads');

class Plugin {
  constructor() {
    if (!isMainThread) return;
    const channel = new BroadcastChannel('blastgauge');
    const drained = new Promise((resolve) => { channel.onmessage = ({ data }) => data === 'drained' && resolve(); });
    const { journeys } = JSON.parse(process.env.BLASTGAUGE_TRAFFIC);
    const longest = 1000 + 1000 * Math.max(...journeys.map((j) => j.timeout));
    global.artillery.ext({
      ext: 'beforeExit',
      method: () => {
        channel.postMessage('stop');
        return Promise.race([drained, new Promise((resolve) => setTimeout(resolve, longest))]);
      },
    });
    channel.unref();
  }
}

module.exports = { Plugin };
