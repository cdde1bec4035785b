/** A thread of its own for the estimate, which takes seconds. */
import { parentPort, workerData } from 'node:worker_threads';
import { type EstimateTask, estimate } from './estimate.js';

parentPort?.postMessage(estimate(workerData as EstimateTask));
