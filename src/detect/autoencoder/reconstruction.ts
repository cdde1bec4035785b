import { type InputScale, scaled } from './input-scale.js';
import { LANES, type Network, forward, lanesFor } from './network.js';

/** Networks and what stands around them: everything that a row's reconstruction depends on. */
export interface Reconstructor {
  readonly scale: InputScale;
  /** Networks take no number beyond this, on either side: units. */
  readonly clip: number;
  /** Which features the networks take and give, in order. The others are expected to be at their center. */
  readonly columns: Int32Array;
  /** At least one; all have the same widths. */
  readonly networks: readonly Network[];
}

/** Called for each row in turn, with the arrays that are used again for the next. */
export type RowVisitor = (row: number) => void;

/**
 * Rebuilds rows, LANES at a time, without an allocation a row. What a row gives does not depend on its neighbours: each
 * lane is summed on its own.
 */
export class Reconstruction {
  /** The row in units. */
  readonly units: Float64Array;
  /** For each network a row's reconstruction in units, one behind the other; 0 in columns that no network knows. */
  readonly rebuilt: Float64Array;
  private readonly lanes: readonly Float64Array[];
  private readonly block: Float64Array;
  private readonly outputs: Float64Array;

  constructor(
    private readonly reconstructor: Reconstructor,
    private readonly width: number,
  ) {
    const { networks, columns } = reconstructor;
    this.units = new Float64Array(width);
    this.rebuilt = new Float64Array(width * networks.length);
    this.lanes = lanesFor((networks[0] as Network).widths);
    this.block = new Float64Array(width * LANES);
    this.outputs = new Float64Array(networks.length * columns.length * LANES);
  }

  /** Hot path. @param visit reads `units` and `rebuilt` */
  forEach(values: Float64Array, rows: number, visit: RowVisitor): void {
    for (let from = 0; from < rows; from += LANES) {
      const count = Math.min(LANES, rows - from);
      this.computeBlock(values, from, count);
      for (let lane = 0; lane < count; lane++) {
        this.takeLane(lane);
        visit(from + lane);
      }
    }
  }

  private computeBlock(values: Float64Array, from: number, count: number): void {
    const { block, lanes, width, outputs } = this;
    const { scale, clip, columns, networks } = this.reconstructor;
    const input = lanes[0] as Float64Array;
    const output = lanes[lanes.length - 1] as Float64Array;
    for (let lane = 0; lane < count; lane++) {
      const at = (from + lane) * width;
      for (let column = 0; column < width; column++)
        block[column * LANES + lane] = scaled(scale, column, values[at + column] as number);
    }
    // What an earlier block left in the lanes behind `count` is computed once more, and not read.
    for (let i = 0; i < columns.length; i++) {
      const column = (columns[i] as number) * LANES;
      for (let lane = 0; lane < LANES; lane++) {
        const units = block[column + lane] as number;
        input[i * LANES + lane] = units > clip ? clip : units < -clip ? -clip : units;
      }
    }
    for (let n = 0; n < networks.length; n++) {
      forward(networks[n] as Network, lanes);
      outputs.set(output, n * output.length);
    }
  }

  private takeLane(lane: number): void {
    const { block, units, rebuilt, width, outputs } = this;
    const { columns, networks } = this.reconstructor;
    for (let column = 0; column < width; column++) units[column] = block[column * LANES + lane] as number;
    for (let n = 0; n < networks.length; n++) {
      const from = n * columns.length;
      for (let i = 0; i < columns.length; i++)
        rebuilt[n * width + (columns[i] as number)] = outputs[(from + i) * LANES + lane] as number;
    }
  }
}
