/**
 * An ISO 8601 time; one without a zone is UTC, as for kafka-consumer-groups.sh, whatever the machine's zone is.
 * @returns Unix ms, null where the text is none
 */
export function parseDateTime(text: string): number | null {
  const [, date, time, zone] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text) ??
    [];
  if (date === undefined || (time === undefined && zone !== undefined)) return null;
  const timeMs = Date.parse(`${date}T${time ?? '00:00'}${zoneOf(zone)}`);
  if (Number.isNaN(timeMs)) return null;
  // Date.parse takes the 30th of February for the 2nd of March.
  return new Date(`${date}T00:00Z`).toISOString().startsWith(date) ? timeMs : null;
}

/** Only the long form is what Date.parse is sure to know. */
function zoneOf(zone: string | undefined): string {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

const MS = { w: 6.048e8, d: 8.64e7, h: 3.6e6, m: 6e4, s: 1e3, ms: 1 } as const;

/**
 * How long ago: ISO 8601 without years and months, whose length differs (`P1DT12H`, `PT90M`, `P2W`), or one number with a
 * unit (`2h`, `1.5d`, `500ms`).
 * @returns ms; null where the text is neither
 */
export function parseDuration(text: string): number | null {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|[smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * MS[unit as keyof typeof MS];
  const number = String.raw`(\d+(?:[.,]\d+)?)`;
  const iso = new RegExp(
    `^P(?=.)(?:${number}W)?(?:${number}D)?(?:T(?=.)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
    'i',
  ).exec(text);
  if (iso === null) return null;
  const units = [MS.w, MS.d, MS.h, MS.m, MS.s];
  return units.reduce((sum, unitMs, i) => sum + Number((iso[i + 1] ?? '0').replace(',', '.')) * unitMs, 0);
}
