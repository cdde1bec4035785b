/** A thread of its own for fitting networks and for measuring those that were trained elsewhere. */
import { parentPort, workerData } from 'node:worker_threads';
import { type LearningTask, type MeasuringTask, learnNetworks, measureForeign } from './learning.js';

const task = workerData as LearningTask | MeasuringTask;
parentPort?.postMessage('foreign' in task ? measureForeign(task) : learnNetworks(task));
