/** What was started is stopped in the opposite order. */
export class AsyncCleanup implements AsyncDisposable {
  private readonly steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.steps.push(step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const step of this.steps.reverse()) await step();
  }
}
