/**
 * `node build/bench/profile-report.js FILE.cpuprofile …`: self time of a measured process (`npm run bench -- --profile
 * DIR`), by stage, by file and by function. What has no file of its own (built-in functions, Node's modules) counts for
 * whoever called it.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

/** Of V8's inspector protocol, "Profiler.Profile": times in µs. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Rows of the lists of files and of functions. */
    rows: { type: 'string', default: '25' },
    json: { type: 'boolean', default: false },
  },
});

for (const file of positionals) report(file, Number(flags.rows));

function report(path: string, rowsMax: number): void {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const byStage = new Map<string, number>();
  const byFile = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let totalMs = 0;
  for (const [{ file, functionName }, selfMs] of selfTimes(profile)) {
    add(byStage, stageOf(file), selfMs);
    add(byFile, file, selfMs);
    add(byFunction, `${functionName} (${file})`, selfMs);
    if (file !== '(idle)') totalMs += selfMs;
  }
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ file: basename(path), totalMs, stages: Object.fromEntries(byStage), files: Object.fromEntries(byFile) })}\n`,
    );
    return;
  }
  process.stdout.write(`\n${basename(path)}: ${Math.round(totalMs)} ms of the main thread\n`);
  for (const [title, sums] of [
    ['stage', byStage],
    ['file', byFile],
    ['function', byFunction],
  ] as const) {
    process.stdout.write(`\n| ${title} | ms | % |\n|---|--:|--:|\n`);
    for (const [name, ms] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, rowsMax)) {
      const share = name === '(idle)' ? '' : ((ms / totalMs) * 100).toFixed(1);
      process.stdout.write(`| ${name} | ${Math.round(ms)} | ${share} |\n`);
    }
  }
}

interface Place {
  readonly file: string;
  readonly functionName: string;
}

/** Self time in ms of each node of the tree of calls, with the file that it counts for. */
function selfTimes({ nodes, samples, timeDeltas }: Profile): [Place, number][] {
  const selfMs = new Map<number, number>();
  for (const [i, id] of samples.entries()) add(selfMs, id, (timeDeltas[i] ?? 0) / 1000);
  const parents = new Map<number, ProfileNode>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  return nodes.map((node) => {
    const { functionName } = node.callFrame;
    return [
      { file: fileOf(node, parents), functionName: functionName || '(anonymous)' },
      selfMs.get(node.id) ?? 0,
    ];
  });
}

function fileOf(node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): string {
  for (let at: ProfileNode | undefined = node; at !== undefined; at = parents.get(at.id)) {
    const own = ownFile(at.callFrame.url);
    if (own !== null) return own;
  }
  const { functionName, url } = node.callFrame;
  return url === '' && functionName.startsWith('(') ? functionName : 'node';
}

/** @returns null where it is nobody's file but Node's */
function ownFile(url: string): string | null {
  const inPackage = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url);
  if (inPackage !== null) return `${inPackage[1]}: ${inPackage[2]}`;
  return (
    /\/build\/((?:src|bench)\/.*)\.js$/.exec(url)?.[1]?.concat('.ts') ??
    (url.startsWith('wasm:') ? 'wasm' : null)
  );
}

/** Stages as docs/ARCHITECTURE.md has them; kafkajs by its own folders. */
function stageOf(file: string): string {
  if (file.startsWith('(')) return file;
  const kafkajs = /^kafkajs: src\/([^/.]+)/.exec(file);
  if (kafkajs !== null) return `kafkajs/${kafkajs[1]}`;
  const own = /^src\/([^/.]+)/.exec(file);
  if (own !== null) return own[1] === 'detect' ? 'score (detect)' : String(own[1]);
  if (file === 'wasm') return 'score (detect)';
  return file.replace(/:.*$/, '');
}

function add<K>(sums: Map<K, number>, key: K, by: number): void {
  sums.set(key, (sums.get(key) ?? 0) + by);
}
