/**
 * Which of the configured brokers a client turns to first. Every partition's fence is a client of its own: without a
 * memory each of them would find out by itself that the first address does not answer, a request time-out each.
 */
const failures = new Map<string, number>();
let count = 0;

/** A broker that does not take connections or does not answer goes behind the others, for every client of the process. */
export function noteSeedFailure(address: string): void {
  failures.set(address, ++count);
}

/** Those that failed longest ago first; as configured where none has. */
export function seedsInOrder(brokers: readonly string[]): string[] {
  return [...brokers].sort((a, b) => (failures.get(a) ?? 0) - (failures.get(b) ?? 0));
}
