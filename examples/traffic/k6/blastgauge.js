// Lets a k6 script send the journeys of a blastgauge experiment. Each iteration is a journey
// and adds one sample of the metric blastgauge_journey: how long it took, and as tags what
// became of it. lines.py turns k6's JSON output into lines of the protocol. See README.md.
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';

const traffic = JSON.parse(__ENV.BLASTGAUGE_TRAFFIC);
const took = new Trend('blastgauge_journey', true); // milliseconds
const HARM = Symbol('harm');

// scenarios are those of k6's options: one for each journey and arm, open loop. exec names
// the function that the script exports for a journey: its name with _ for -. Without journey in
// the traffic, perform is never called.
export function scenarios() {
  const all = {};
  for (const j of traffic.journeys) {
    for (const { arm } of traffic.arms) {
      if (!(j.rates[arm] > 0)) continue;
      const most = Math.ceil(j.rates[arm] * (j.timeout + 1)) + 1; // under way at once, if all last as long as they may
      all[`${arm}_${j.journey}`] = {
        executor: 'constant-arrival-rate',
        rate: Math.round(j.rates[arm] * 1000), // a whole number, as k6 wants it
        timeUnit: '1000s',
        duration: '24h', // until blastgauge stops it
        preAllocatedVUs: most,
        exec: j.journey.replace(/-/g, '_'),
        tags: { journey: j.journey, arm },
      };
    }
  }
  return all;
}

// journey makes the function of an iteration. perform gets {url, headers, step}.
export function journey(name, perform) {
  const spec = traffic.journeys.find((j) => j.journey === name);
  return () => {
    const arm = traffic.arms.find((a) => a.arm === exec.scenario.name.split('_', 1)[0]);
    const start = Date.now();
    const left = () => spec.timeout * 1000 - (Date.now() - start);
    let current, slow, harm;
    // step performs one step: send(timeout) returns an answer of k6/http, check (optional) whether it is right.
    const step = (title, send, check) => {
      current = title;
      const answer = left() > 0 ? send(`${left()}ms`) : { status: 0, error_code: 1050 };
      if (slow === undefined && Date.now() - start > spec.slow_after * 1000) slow = title;
      harm = harmOf(answer, check);
      if (harm) throw HARM;
      return answer;
    };
    try {
      perform({ url: arm.url, headers: arm.headers, step });
    } catch (err) {
      if (err !== HARM) harm = { outcome: 'wrong', cause: 'check' };
    }
    if (!harm) harm = slow === undefined ? { outcome: 'ok' } : { outcome: 'slow', cause: 'slow' };
    if (harm.outcome !== 'ok') harm.step = slow ?? current ?? ''; // the first harmed one
    took.add(Date.now() - start, harm); // journey and arm are the scenario's tags
  };
}

function harmOf(answer, check) {
  const code = answer.error_code || 0;
  if (answer.status >= 400) return { outcome: 'failed', cause: `status: ${answer.status}` };
  if (answer.status === 0) return { outcome: 'failed', cause: causeOf(code) };
  return check && !check(answer) ? { outcome: 'wrong', cause: 'check' } : undefined;
}

function causeOf(code) {
  if (code === 1050 || code === 1211) return 'timeout';
  if (code === 1212) return 'refused';
  if (code === 1220) return 'reset';
  if (code >= 1100 && code < 1200) return 'dns';
  if (code >= 1300 && code < 1400) return 'tls';
  return 'error';
}
