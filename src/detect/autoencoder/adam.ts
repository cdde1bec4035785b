/**
 * Adam: Kingma, Ba, "Adam: A Method for Stochastic Optimization" (ICLR 2015), algorithm 1, with the β1, β2 and ε that
 * it recommends.
 */
export class Adam {
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  /** β1^t and β2^t, by multiplication: Math.pow may differ between engines. */
  private power1 = 1;
  private power2 = 1;

  /** @param count of parameters */
  constructor(
    count: number,
    private readonly learningRate: number,
  ) {
    this.first = new Float64Array(count);
    this.second = new Float64Array(count);
  }

  /** One step, in place. */
  step(parameters: Float64Array, gradient: Float64Array): void {
    const { first, second } = this;
    this.power1 *= BETA1;
    this.power2 *= BETA2;
    const rate = this.learningRate / (1 - this.power1);
    const correction = 1 / (1 - this.power2);
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i] as number;
      const m = BETA1 * (first[i] as number) + (1 - BETA1) * g;
      const v = BETA2 * (second[i] as number) + (1 - BETA2) * g * g;
      first[i] = m;
      second[i] = v;
      parameters[i] = (parameters[i] as number) - (rate * m) / (Math.sqrt(v * correction) + EPSILON);
    }
  }
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
