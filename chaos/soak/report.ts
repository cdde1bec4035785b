import type { ReckonedFaults } from '../verdict/reckon.js';
import type { MemoryWatch } from './memory.js';

export interface SoakFacts {
  readonly events: number;
  readonly unacknowledged: number;
  readonly expected: number;
  readonly found: number;
  readonly faults: Partial<ReckonedFaults>;
  readonly seconds: number;
  readonly rolls: number;
  readonly memory: MemoryWatch;
  readonly processFaults: readonly string[];
  readonly examples: readonly string[];
}

/** What is printed, by name. */
export interface SoakReport {
  readonly passed: boolean;
  readonly values: Readonly<Record<string, unknown>>;
}

export function soakReport(facts: SoakFacts): SoakReport {
  const { memory, seconds, rolls, faults, processFaults, examples } = facts;
  const lines = memory.lines();
  const workers = lines.filter(({ name }) => name === 'worker');
  const supervisor = lines.find(({ name }) => name === 'supervisor');
  const slopes = workers.flatMap(({ megabytesPerMinute }) =>
    megabytesPerMinute === null ? [] : [megabytesPerMinute],
  );
  const wrong = Object.values(faults).reduce((sum, count) => sum + count, facts.unacknowledged);
  return {
    passed: wrong === 0 && processFaults.length === 0,
    values: {
      events: facts.events,
      unacknowledged: facts.unacknowledged,
      seconds: Math.round(seconds),
      rollingRestarts: rolls,
      workerProcesses: workers.length,
      expected: facts.expected,
      found: facts.found,
      ...faults,
      supervisorMegabytes: round(supervisor?.peakMegabytes),
      supervisorMegabytesPerMinute: round(supervisor?.megabytesPerMinute),
      workerPeakMegabytes: round(Math.max(...workers.map(({ peakMegabytes }) => peakMegabytes))),
      workerMegabytesPerMinuteMedian: round(slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)]),
      workerPeakDriftMegabytesPerMinute: round(memory.drift('worker')),
      processFaults,
      examples,
    },
  };
}

export function soakText({ values }: SoakReport): string {
  return Object.entries(values)
    .map(([name, value]) => `  ${name.padEnd(34)} ${JSON.stringify(value)}`)
    .join('\n');
}

function round(value: number | null | undefined): number | null {
  return value == null ? null : Math.round(value * 100) / 100;
}
