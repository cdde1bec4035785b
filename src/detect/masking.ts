import { setImmediate as turn } from 'node:timers/promises';
import { applyScale, standardScale } from './standard-scale.js';
import type { Matrix } from './detector.js';
import { isolationForest } from './isolation-forest.js';
import { neighboursIn, sortedReference } from './knn/reference.js';
import { drawIndices, seededRandom } from './random.js';
import { takeRows } from './take-rows.js';

/** Share of the training rows that is held to be strange until it is known better. */
const STRANGE_SHARE = 0.1;
/** Rows that are looked at; more say nothing more. */
const ROWS_LOOKED_AT_MAX = 20_000;
const REFERENCE_ROWS_MAX = 3000;
const NEIGHBOURS = 5;
const METRIC = 'manhattan';
const ROWS_A_TURN = 256;

/**
 * Whether the strange rows of the training data hide one another. The tenth that an isolation forest finds strangest
 * is looked at twice: how far are its rows from the nearest rows of all, and how far from the nearest of the other nine
 * tenths? Strange rows that are alone have the same neighbours either way. Strange rows that come in clusters, as
 * anomalies in training data do, have each other, and a detector by distance does not see them (masking: Hawkins 1980).
 *
 * @returns the median, over the strange rows, of how many times as far the second distance is; at least 1 but for chance
 */
export async function masking(data: Matrix, seed: number, signal: AbortSignal): Promise<number> {
  const random = seededRandom(seed);
  const { values, rows, width } = takeRows(data, drawIndices(data.rows, ROWS_LOOKED_AT_MAX, random));
  const strangeness = await forestScores({ values, rows, width }, seed, signal);
  const order = Int32Array.from(strangeness.keys()).sort(
    (a, b) => (strangeness[b] as number) - (strangeness[a] as number) || a - b,
  );
  const strange = order.subarray(0, Math.max(1, Math.round(STRANGE_SHARE * rows)));
  const others = order.subarray(strange.length);
  const columns = standardScale({ values, rows, width });
  const scaled = new Float64Array(values.length);
  applyScale(columns, values, rows, scaled);
  const among = sortedReference(
    { values, rows, width },
    columns,
    some(Int32Array.from(order.keys()), random),
    METRIC,
  );
  const apart = sortedReference({ values, rows, width }, columns, some(others, random), METRIC);
  const placeAmong = new Map([...among.order].map((row, place) => [row, place]));
  const nearAll = neighboursIn(among, width, METRIC, NEIGHBOURS);
  const nearOthers = neighboursIn(apart, width, METRIC, NEIGHBOURS);
  const times: number[] = [];
  for (const row of strange) {
    if (times.length % ROWS_A_TURN === 0) {
      await turn();
      signal.throwIfAborted();
    }
    nearAll.find(scaled, row * width, placeAmong.get(row) ?? -1);
    nearOthers.find(scaled, row * width, -1);
    times.push(ratio(mean(nearOthers.distances), mean(nearAll.distances)));
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
}

/** Rows that have twins among the strange ones, and none among the others, hide as well as can be. */
function ratio(apart: number, among: number): number {
  if (among > 0) return apart / among;
  return apart > 0 ? Infinity : 1;
}

function mean(distances: Float64Array): number {
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}

function some(rows: Int32Array, random: () => number): Int32Array {
  return drawIndices(rows.length, REFERENCE_ROWS_MAX, random).map((i) => rows[i] as number);
}

async function forestScores(data: Matrix, seed: number, signal: AbortSignal): Promise<Float64Array> {
  const options = isolationForest.options.parse({ seed });
  const train = isolationForest.train as NonNullable<typeof isolationForest.train>;
  const trained = await train({ data, options, imported: null }, signal);
  const names = Array.from({ length: data.width }, (_, i) => String(i));
  const scores = new Float64Array(data.rows);
  await (await isolationForest.create(options, names, trained)).score(data.values, data.rows, scores);
  return scores;
}
