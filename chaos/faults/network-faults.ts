import type { ApiName } from '../network/frames.js';
import type { Proxy } from '../network/proxy.js';
import { lasting } from '../waiting.js';
import { type Fault, between, pick } from './fault.js';
import { type Point, reach, takenBy } from './wire-points.js';

/** The line to one broker is bad for a while. */
function badLine(
  name: string,
  duration: readonly [number, number],
  spoil: (proxy: Proxy, random: () => number) => string,
): Fault {
  return {
    name,
    group: 'network',
    takes: ['lines'],
    async inflict({ cluster }, { random, strikes, signal }) {
      const proxy = pick(cluster.proxies, random);
      if (proxy === undefined) return null;
      strikes();
      const how = spoil(proxy, random);
      const ms = between(...duration, random);
      await lasting(ms, signal);
      proxy.heal();
      return `broker ${proxy.broker}, ${how}for ${Math.round(ms)} ms`;
    },
  };
}

/** The broker has acted, and the worker does not hear of it: the connection breaks, or nothing comes. */
function lostResponse(api: ApiName, fence?: 'of a fence'): Fault {
  const point: Point = { api, direction: 'response', isFence: fence !== undefined };
  return {
    name: `response of ${api} lost${fence === undefined ? '' : `, ${fence}`}`,
    group: 'network',
    takes: takenBy(point),
    inflict(stage, { random, strikes, signal }) {
      const fate = random() < 0.5 ? 'cut' : 'swallow';
      return reach(stage, point, signal, ({ passing, let: release }) => {
        strikes();
        release(fate);
        return `${passing.request.transactionalId}, ${fate === 'cut' ? 'connection closed' : 'no answer'}`;
      });
    },
  };
}

export const NETWORK_FAULTS: readonly Fault[] = [
  badLine('connection to a broker cut', [1000, 8000], (proxy) => {
    proxy.cut();
    return '';
  }),
  badLine('connection to a broker delayed', [3000, 10_000], (proxy, random) => {
    proxy.line.delayMs = Math.round(between(50, 800, random));
    return `${proxy.line.delayMs} ms each way `;
  }),
  badLine('connection to a broker at a trickle', [3000, 10_000], (proxy, random) => {
    proxy.line.bytesPerSecond = Math.round(between(2000, 16_000, random));
    return `${proxy.line.bytesPerSecond} bytes/s a connection `;
  }),
  lostResponse('EndTxn'),
  lostResponse('TxnOffsetCommit'),
  lostResponse('AddPartitionsToTxn'),
  lostResponse('AddOffsetsToTxn'),
  lostResponse('Produce'),
  lostResponse('InitProducerId'),
  lostResponse('InitProducerId', 'of a fence'),
];
