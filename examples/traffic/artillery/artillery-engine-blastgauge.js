'use strict';
// Performs an Artillery script's scenarios as journeys: open loop, each with an intended
// start on a fixed schedule, however slow the system is. What cannot start within a second
// of it is shed. Artillery's own arrivals pick scenarios by chance, which makes no rate.
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { BroadcastChannel } = require('node:worker_threads');

const SHED_AFTER = 1; // seconds behind the schedule
const FLUSH_EVERY = 100; // milliseconds
const base = (Date.now() - performance.now()) / 1000; // a clock that is set does not move the schedule
const now = () => base + performance.now() / 1000;
const rounded = (seconds) => Math.round(seconds * 1e6) / 1e6;

// causeOf names what ended a journey, in the protocol's words.
function causeOf(err) {
  const code = err.code || '';
  if (err.status) return ['failed', `status: ${err.status}`];
  if (/TIME(D)?OUT/.test(code)) return ['failed', 'timeout'];
  if (code === 'ECONNREFUSED') return ['failed', 'refused'];
  if (code === 'ECONNRESET' && /hang up/.test(err.message)) return ['failed', 'closed'];
  if (code === 'ECONNRESET' || code === 'EPIPE') return ['failed', 'reset'];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ['failed', 'dns'];
  if (/CERT|TLS|SSL|EPROTO/.test(code)) return ['failed', 'tls'];
  return code ? ['failed', 'error'] : ['wrong', 'check']; // a capture, a match, an expectation or a function of the script
}

class Journey {
  constructor(spec, arm, start) {
    Object.assign(this, { spec, arm, start, late: Math.max(0, now() - start), trace: crypto.randomBytes(16).toString('hex'), requests: 0 });
  }

  before(params, target) {
    const { steps, timeout } = this.spec;
    const index = Math.min(this.requests++, steps.length - 1);
    this.step = steps.includes(params.name) ? params.name : index;
    params.timeout = Math.max(0.001, this.start + timeout - now());
    params.headers = { ...this.arm.headers, traceparent: `00-${this.trace}-${crypto.randomBytes(8).toString('hex')}-01`, ...params.headers };
    if (params.url.startsWith(target)) params.url = this.arm.url.replace(/\/$/, '') + params.url.slice(target.length);
  }

  // after returns the error that a status is, where the step does not expect another one.
  after(params, response) {
    if (this.slow === undefined && now() - this.start > this.spec.slow_after) this.slow = this.step;
    if (response.statusCode < 400 || params.expect) return null;
    return Object.assign(new Error(`status ${response.statusCode}`), { status: response.statusCode });
  }

  line(err) {
    const line = { journey: this.spec.journey, arm: this.arm.arm, start: this.start, took: rounded(now() - this.start), late: rounded(this.late), trace: this.trace };
    if (err) {
      const [outcome, cause] = causeOf(err);
      return { ...line, outcome, cause, step: this.slow ?? this.step, detail: String(err.message).slice(0, 75) };
    }
    return this.slow === undefined ? { ...line, outcome: 'ok' } : { ...line, outcome: 'slow', cause: 'slow', step: this.slow };
  }
}

class Engine {
  constructor(script, ee, helpers) {
    this.traffic = JSON.parse(process.env.BLASTGAUGE_TRAFFIC);
    Object.assign(this, { script, helpers, lines: [], inFlight: 0, scenarios: script.scenarios });
    const missing = this.traffic.journeys.find((j) => !script.scenarios.some((s) => s.name === j.journey));
    if (missing) throw new Error(`no scenario has the name ${missing.journey}: the system file has that journey`);
    script.scenarios = [{ name: 'blastgauge', engine: 'blastgauge', flow: [] }];
    script.config.processor = {
      ...script.config.processor,
      blastgaugeBefore: (params, context, _ee, next) => next(context.blastgauge.before(params, script.config.target)),
      blastgaugeAfter: (params, response, context, _ee, next) => next(context.blastgauge.after(params, response)),
    };
  }

  async init() {
    const module = await import(pathToFileURL(path.join(process.env.BLASTGAUGE_ARTILLERY, 'dist/lib/core/engine_http.js')));
    this.http = new module.default(this.script);
    await this.http.init();
  }

  createScenario(_spec, ee) {
    this.ee = ee;
    const perform = {};
    for (const s of this.scenarios) {
      const hooked = { ...s, beforeRequest: [].concat(s.beforeRequest || [], 'blastgaugeBefore'), afterResponse: [].concat(s.afterResponse || [], 'blastgaugeAfter') };
      perform[s.name] = this.http.createScenario(hooked, ee);
    }
    return (context) => {
      ee.emit('started'); // and never ended: the test lasts until blastgauge stops it
      this.begin(context, perform);
    };
  }

  // begin starts the schedule. Streams are spread over the gap between two journeys.
  begin(context, perform) {
    const { arms, journeys, lines, stop } = this.traffic;
    const streams = journeys.flatMap((spec) => arms.filter((arm) => spec.rates[arm.arm] > 0).map((arm) => ({ spec, arm, gap: 1 / spec.rates[arm.arm] })));
    streams.forEach((s, i) => { s.due = now() + 0.1 + (s.gap * i) / streams.length; });
    this.out = fs.openSync(lines, 'w');
    this.channel = new BroadcastChannel('blastgauge');
    this.channel.onmessage = ({ data }) => { this.stopping ||= data === 'stop'; };
    const flush = setInterval(() => {
      this.stopping ||= fs.existsSync(stop);
      this.flush();
      if (!this.stopping || this.inFlight) return;
      clearInterval(flush);
      this.channel.postMessage('drained');
    }, FLUSH_EVERY);
    const tick = () => {
      if (this.stopping) return;
      let s = streams.reduce((a, b) => (b.due < a.due ? b : a));
      for (; s.due <= now(); s = streams.reduce((a, b) => (b.due < a.due ? b : a))) {
        this.start(s.spec, s.arm, s.due, context, perform[s.spec.journey]);
        s.due += s.gap;
      }
      setTimeout(tick, Math.min(50, Math.max(0, 1000 * (s.due - now()))));
    };
    tick();
  }

  start(spec, arm, due, carrier, perform) {
    const journey = new Journey(spec, arm, due);
    if (journey.late > SHED_AFTER) {
      const { trace, took, ...line } = journey.line();
      return this.add({ ...line, outcome: 'shed', cause: 'shed' });
    }
    this.inFlight++;
    const end = (err) => {
      if (!journey.ended) this.end(journey, err);
    };
    const left = spec.timeout - journey.late;
    journey.timer = setTimeout(end, Math.max(1, 1000 * left), Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }));
    const vars = { ...carrier.vars, ...this.rows(), target: arm.url, $uuid: crypto.randomUUID() };
    const funcs = { ...carrier.funcs, $template: (input) => this.helpers.template(input, { vars }) };
    perform({ ...carrier, vars, funcs, _uid: vars.$uuid, scenario: spec, blastgauge: journey }, end);
  }

  end(journey, err) {
    journey.ended = true;
    clearTimeout(journey.timer);
    this.inFlight--;
    this.ee.emit('counter', err ? 'vusers.failed' : 'vusers.completed', 1);
    this.add(journey.line(err));
  }

  // rows are the variables of a journey: a row of each payload, and one of each list.
  rows() {
    const { payload, variables } = this.script.config;
    const vars = {};
    for (const p of payload || []) {
      const row = p.loadAll ? null : p.reader(p.data) || [];
      if (row) p.fields.forEach((field, i) => { vars[field] = row[i]; });
    }
    for (const [name, value] of Object.entries(variables || {})) vars[name] = Array.isArray(value) ? value[crypto.randomInt(value.length)] : value;
    return vars;
  }

  add(line) {
    this.lines.push(JSON.stringify({ ...line, start: rounded(line.start - this.traffic.epoch) }));
  }

  flush() {
    if (this.lines.length) fs.writeSync(this.out, `${this.lines.join('\n')}\n`); // waits where blastgauge reads slowly
    this.lines = [];
  }
}

module.exports = Engine;
