/** `about 4 s`, `about 12 min`, `about 3.5 h`, `about 2.1 d` */
export function durationText(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  if (seconds < 120) return `about ${Math.round(seconds)} s`;
  if (seconds < 7200) return `about ${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `about ${(seconds / 3600).toFixed(1)} h`;
  return `about ${(seconds / 86_400).toFixed(1)} d`;
}
