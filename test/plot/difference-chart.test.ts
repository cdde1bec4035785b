/** The picture of a diff: well-formed, inside its edges, with bars as high as the counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DifferingDay, differenceChart } from '../../src/plot/difference-chart.js';
import { type XmlElement, parseXml } from '../support/parse-xml.js';

/** Without the three of the legend. */
function bars(document: string): XmlElement[] {
  return parseXml(document)
    .filter(({ name }) => name === 'rect')
    .slice(3);
}

const number = ({ attributes }: XmlElement, name: string): number => Number(attributes.get(name));

test('a bar for each count of a day, as high as the count', () => {
  const document = differenceChart(
    'Verdicts that differ',
    ['A: x, B: y'],
    [
      { day: '2026-03-01', added: 10, removed: 0, changed: 40 },
      { day: '2026-03-02', added: 0, removed: 20, changed: 0 },
    ],
  );
  const heights = bars(document).map((bar) => number(bar, 'height'));
  assert.equal(heights.length, 3, 'none for nothing');
  const [added = 0, changed = 0, removed = 0] = heights;
  assert.ok(Math.abs(changed / added - 4) < 0.02 && Math.abs(removed / added - 2) < 0.02, String(heights));
  const texts = parseXml(document).map(({ text }) => text);
  for (const text of [
    'Verdicts that differ',
    'A: x, B: y',
    '2026-03-01',
    '2026-03-01: 10 added',
    '2026-03-01: 40 changed',
    '2026-03-02: 20 removed',
  ])
    assert.ok(texts.includes(text), text);
});

test('whatever the days, everything is drawn inside the picture', () => {
  const count = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 }), fc.maxSafeNat());
  const day = fc.record({ day: fc.string(), added: count, removed: count, changed: count });
  fc.assert(
    fc.property(fc.array(day, { maxLength: 150, size: 'max' }), (days) => {
      const document = differenceChart('any', ['one', 'two'], days);
      assert.ok(bars(document).length <= 3 * 60);
      for (const element of parseXml(document).slice(1))
        for (const [start, length, limit] of [
          ['x', 'width', 720],
          ['y', 'height', 300],
        ] as const) {
          const at = Number(element.attributes.get(start) ?? 0);
          const end = at + Number(element.attributes.get(length) ?? 0);
          assert.ok(at >= 0 && end <= limit + 0.02, `${element.name} ${start} ${at} to ${end}`);
        }
    }),
    { numRuns: 40 },
  );
});

test('days that share a bar are named by the first and the last of them, and none is lost', () => {
  const days = Array.from({ length: 121 }, (_, i): DifferingDay => ({
    day: `day ${i}`,
    added: 1,
    removed: 0,
    changed: 0,
  }));
  const titles = bars(differenceChart('t', [], days)).length;
  assert.equal(titles, 41);
  const texts = parseXml(differenceChart('t', [], days)).map(({ text }) => text);
  assert.ok(texts.includes('day 0 – day 2: 3 added'));
  assert.ok(texts.includes('day 120: 1 added'));
});

test('a count that no day can have is an error that names the day', () => {
  for (const added of [NaN, Infinity, -1])
    assert.throws(() => differenceChart('t', [], [{ day: 'odd', added, removed: 0, changed: 0 }]), /odd/);
});
