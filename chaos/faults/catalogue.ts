import { BROKER_FAULTS } from './broker-faults.js';
import type { Fault } from './fault.js';
import { INPUT_FAULTS } from './input-faults.js';
import { NETWORK_FAULTS } from './network-faults.js';
import { WORKER_FAULTS } from './worker-faults.js';

/** Every kind of fault there is. */
export const ALL_FAULTS: readonly Fault[] = [
  ...WORKER_FAULTS,
  ...BROKER_FAULTS,
  ...NETWORK_FAULTS,
  ...INPUT_FAULTS,
];
