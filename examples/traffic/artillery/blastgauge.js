#!/usr/bin/env node
'use strict';
// Lets Artillery send the journeys of a blastgauge experiment: blastgauge.js SCRIPT [FLAG...]
// Scenarios are journeys, by their names; requests are steps. The script's phases are left
// out: blastgauge's rates rule. See README.md.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

function fail(text) {
  process.stderr.write(`blastgauge.js: ${text}\n`);
  process.exit(2);
}

if (!process.env.BLASTGAUGE_TRAFFIC) fail('BLASTGAUGE_TRAFFIC is not set: blastgauge starts this program, as `traffic: {command: [...]}`');
if (process.argv.length < 3) fail('usage: blastgauge.js SCRIPT [FLAG...]');
const found = process.env.PATH.split(path.delimiter).map((dir) => path.join(dir, 'artillery')).find((file) => fs.existsSync(file));
if (!found) fail('there is no artillery in the PATH: npm install -g artillery');
const program = fs.realpathSync(found);

const overrides = {
  config: {
    target: process.env.BLASTGAUGE_URL,
    phases: [{ duration: 1, arrivalCount: 1 }], // one arrival, which the engine turns into all journeys
    engines: { blastgauge: {} },
    plugins: { blastgauge: {} },
  },
};
const child = spawn(process.execPath, [program, 'run', '--quiet', '--overrides', JSON.stringify(overrides), ...process.argv.slice(2)], {
  stdio: ['ignore', 2, 2], // what Artillery prints is no line of the protocol
  env: {
    ...process.env,
    ARTILLERY_DISABLE_TELEMETRY: 'true',
    ARTILLERY_PLUGIN_PATH: [__dirname, process.env.ARTILLERY_PLUGIN_PATH].filter(Boolean).join(path.delimiter),
    NODE_PATH: [__dirname, process.env.NODE_PATH].filter(Boolean).join(path.delimiter),
    BLASTGAUGE_ARTILLERY: path.dirname(path.dirname(program)),
  },
});
// blastgauge signals the process group: Artillery ends when its journeys have, and this after it.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {});
child.on('error', (err) => fail(err.message));
child.on('exit', (code) => process.exit(code === null ? 1 : code));
