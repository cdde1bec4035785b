import { fileURLToPath } from 'node:url';
import { decodeAnomaly } from '../../src/publish/anomaly-record.js';
import type { Peer } from './peer.js';

/** The program itself, as a container runs it: one worker. */
export const OUTRIDER: Peer = {
  name: 'outrider',
  label: 'Outrider',
  about: 'one `outrider worker`, every setting at its default (transactions of 200 ms)',
  eventsMax: Infinity,
  hasOutput: true,
  eventOf: (value) => {
    const { partition, offset } = decodeAnomaly(value);
    return `${partition}/${offset}`;
  },
  setUp: async () => {
    const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
    return ({ configFile }) => ({
      command: process.execPath,
      args: [main, 'worker', '--config', configFile, '--json', '--log-level', 'error'],
    });
  },
};
