import { type Fault, between } from './fault.js';

const undecodableBurst: Fault = {
  name: 'burst of events that cannot be decoded',
  group: 'input',
  takes: [],
  inflict({ workload }, { random, strikes }) {
    strikes();
    const count = Math.round(between(50, 500, random));
    workload.burst(count, 1);
    return Promise.resolve(`${count} events`);
  },
};

const burst: Fault = {
  name: 'burst of events',
  group: 'input',
  takes: [],
  inflict({ workload }, { random, strikes }) {
    strikes();
    const count = Math.round(between(500, 3000, random));
    workload.burst(count, 0.02);
    return Promise.resolve(`${count} events`);
  },
};

const producerKilled: Fault = {
  name: 'producer killed',
  group: 'input',
  takes: ['writer'],
  async inflict({ workload }, { strikes }) {
    strikes();
    await workload.killWriter();
    return 'another one started';
  },
};

export const INPUT_FAULTS: readonly Fault[] = [undecodableBurst, burst, producerKilled];
