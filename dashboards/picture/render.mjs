// render.mjs INPUT: draws a dashboard as one PNG, without Grafana.
//
// INPUT is JSON: the dashboard's file, Prometheus' address, from and to (seconds
// since 1970), the values of the dashboard's variables, and the file to write.
// Queries are asked as Grafana asks them; page.jsx draws with Grafana's own
// components, in headless Chromium.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { fill } from './fill.mjs';

process.on('uncaughtException', (error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});

const here = fileURLToPath(new URL('.', import.meta.url));
const input = JSON.parse(process.argv[2]);
const dashboard = JSON.parse(readFileSync(input.dashboard, 'utf8'));

// What Grafana's grid is made of, in pixels.
const WIDTH = 1600;
const CELL = 30;
const GAP = 8;
const HEAD = 48;

const seconds = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };
const parse = (duration) => {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(duration);
  return count * seconds[unit];
};

// The steps that Grafana rounds to, about one point for each pixel.
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
function stepOf(panel, interval) {
  const pixels = (panel.gridPos?.w ?? 24) * (WIDTH / 24);
  const ideal = (input.to - input.from) / pixels;
  return Math.max(STEPS.find((step) => step >= ideal) ?? STEPS.at(-1), interval ? parse(interval) : 15);
}

// complete is a query with all values in it, also of the variables that Grafana has itself.
function complete(expr, step, interval) {
  const scrape = interval ? parse(interval) : 15;
  return fill(expr, {
    ...input.variables,
    __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    __interval: `${step}s`,
    __range: `${input.to - input.from}s`,
  });
}

async function ask(path, parameters) {
  const response = await fetch(`${input.prometheus}/api/v1/${path}`, {
    method: 'POST', body: new URLSearchParams(parameters),
  }).catch((error) => {
    throw new Error(`${input.prometheus}: Prometheus does not answer: ${error.cause?.message ?? error.message}`);
  });
  const answer = await response.json();
  if (answer.status !== 'success') {
    throw new Error(`${parameters.query}: ${answer.error}`);
  }
  return answer.data.result;
}

async function range(expr, panel, interval) {
  const step = stepOf(panel, interval);
  const align = (time) => Math.floor(time / step) * step;
  const start = align(input.from);
  const end = align(input.to);
  const query = complete(expr, step, interval);
  return { start, end, step, series: await ask('query_range', { query, start, end, step }) };
}

async function answer(panel, target) {
  if (!target.instant) {
    return range(target.expr, panel, target.interval);
  }
  const query = complete(target.expr, stepOf(panel, target.interval), target.interval);
  const result = await ask('query', { query, time: input.to });
  return { series: result.map(({ metric, value }) => ({ metric, values: [value] })) };
}

// What a row hides is not drawn, nor is the row.
dashboard.panels = dashboard.panels.filter(({ type, collapsed }) => type !== 'row' || !collapsed);

const answers = {};
for (const panel of dashboard.panels) {
  answers[panel.id] = await Promise.all((panel.targets ?? []).map((target) => answer(panel, target)));
}
const marks = [];
for (const annotation of dashboard.annotations?.list ?? []) {
  const { series } = await range(annotation.expr, {}, annotation.step);
  marks.push({ colour: annotation.iconColor, step: parse(annotation.step), times: series.map(({ values }) => values.map(([time]) => time)) });
}

const work = mkdtempSync(join(tmpdir(), 'dashboard-'));
try {
  await build({
    entryPoints: [join(here, 'page.jsx')], outfile: join(work, 'page.js'), bundle: true, format: 'iife',
    jsx: 'automatic', define: { 'process.env.NODE_ENV': '"production"', global: 'window' }, logLevel: 'error',
    loader: { '.svg': 'dataurl', '.woff2': 'dataurl', '.woff': 'dataurl', '.ttf': 'dataurl' },
  });
  const data = JSON.stringify({ ...input, dashboard, answers, marks, grid: { WIDTH, CELL, GAP, HEAD } }).replaceAll('<', '\\u003c');
  const page = join(work, 'page.html');
  writeFileSync(page, `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css">
<body style="margin:0"><div id="page"></div><script>window.input=${data}</script><script src="page.js"></script>`);
  const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const { status, stderr, error } = spawnSync('chromium', [
    '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
    `--window-size=${WIDTH},${HEAD + rows * (CELL + GAP) + GAP}`, '--virtual-time-budget=20000',
    `--user-data-dir=${join(work, 'profile')}`, '--enable-logging=stderr',
    `--screenshot=${input.png}`, pathToFileURL(page).href,
  ], { encoding: 'utf8', timeout: 120_000 });
  // An error in the page leaves a hole in the picture, and Chromium content.
  const faults = (stderr ?? '').split('\n').filter((line) => line.includes(':CONSOLE') && line.includes('Uncaught'));
  if (status !== 0 || faults.length > 0) {
    throw new Error(`chromium could not draw the page: ${faults.join('\n') || error || stderr}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${input.png}: ${dashboard.title}`);
