/** A duration in ms as a person reads it. */
export function secondsText(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
