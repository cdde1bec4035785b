/**
 * Which brokers did not answer lately, for all clients of the process. Every partition's fence is a client of its own:
 * without a memory each of them would find out by itself, a time-out each, that a broker is mute. Only an order comes
 * of it, nobody is left out.
 */
const failures = new Map<string, number>();
let count = 0;

/** A broker that does not take connections or does not answer goes behind the others. */
export function noteFailure(address: string): void {
  failures.set(address, ++count);
}

/** Those that failed longest ago first; where none has, as they come. */
export function byLastFailure<T>(brokers: readonly T[], addressOf: (broker: T) => string): T[] {
  const rank = (broker: T): number => failures.get(addressOf(broker)) ?? 0;
  return [...brokers].sort((a, b) => rank(a) - rank(b));
}
