import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly workers: number;
  readonly restartEveryMs: number;
  readonly json: boolean;
}

/** @throws TypeError for a wrong call */
export function soakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: '10000000' },
      rate: { type: 'string', default: '20000' },
      workers: { type: 'string', default: '4' },
      'restart-every': { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    events: whole('events', values.events),
    eventsPerSecond: whole('rate', values.rate),
    workers: whole('workers', values.workers),
    restartEveryMs: whole('restart-every', values['restart-every']) * 1000,
    json: values.json,
  };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`--${name}: a whole number of at least 1 is wanted`);
  return value;
}
