import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDateTime, parseDuration } from '../src/time-text.js';

test('a time without a zone is UTC, in whatever zone the machine is', () => {
  const noon = Date.UTC(2026, 2, 1, 12);
  const zone = process.env.TZ;
  process.env.TZ = 'America/New_York';
  try {
    assert.equal(new Date(2026, 2, 1, 12).getTime(), noon + 5 * 3_600_000, 'the machine is elsewhere');
    assert.equal(parseDateTime('2026-03-01T12:00:00.000'), noon);
    assert.equal(parseDateTime('2026-03-01T12:00'), noon);
    assert.equal(parseDateTime('2026-03-01 12:00:00'), noon);
    assert.equal(parseDateTime('2026-03-01'), noon - 12 * 3_600_000);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
  for (const text of [
    '2026-03-01T12:00:00Z',
    '2026-03-01T13:00:00+01:00',
    '2026-03-01T13:00:00.000+0100',
    '2026-03-01T05:00-07',
  ])
    assert.equal(parseDateTime(text), noon, text);
});

test('what is no time is none', () => {
  for (const text of [
    '',
    'noon',
    '12:00',
    '2026',
    '2026-13-01',
    '2026-02-30',
    '2026-03-01T25:00',
    '2026-03-01Z',
    '1200',
    '2h',
  ])
    assert.equal(parseDateTime(text), null, text);
});

test('durations are read as Kafka writes them and as Outrider does', () => {
  const [hour, day] = [3_600_000, 86_400_000];
  const durations: Readonly<Record<string, number>> = {
    P1D: day,
    PT2H: 2 * hour,
    P1DT2H3M4S: day + 2 * hour + 184_000,
    'PT0.5S': 500,
    P2W: 14 * day,
    pt90m: 1.5 * hour,
    PT0S: 0,
    '2h': 2 * hour,
    '1.5d': 1.5 * day,
    '30m': hour / 2,
    '250ms': 250,
  };
  for (const [text, ms] of Object.entries(durations)) assert.equal(parseDuration(text), ms, text);
  for (const text of ['', 'P', 'PT', 'P1DT', 'P1M', 'P1Y', 'P1H', '2', '2 h', '-2h', '-P1D', 'PT-1S', 'h'])
    assert.equal(parseDuration(text), null, text);
});
