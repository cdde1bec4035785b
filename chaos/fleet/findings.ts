/** What was seen of the fleet's processes. */
export class Findings {
  /** Ways in which a process should not have ended, or should not have spoken. */
  readonly faults: string[] = [];
  private readonly counts = new Map<string, number>();

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** How often any of these was seen. */
  countOf(...what: readonly string[]): number {
    return what.reduce((sum, one) => sum + (this.counts.get(one) ?? 0), 0);
  }

  fault(text: string): void {
    this.faults.push(text);
  }
}

/** What is counted besides the messages of the log. */
export const SEEN = {
  startWithoutBroker: 'a start without a broker',
  stall: 'a stall',
  forced: 'an end by force',
} as const;
