import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { barChart } from '../../src/plot/bar-chart.js';
import { type XmlElement, parseXml } from '../support/parse-xml.js';

function all(document: string, name: string): XmlElement[] {
  return parseXml(document).filter((element) => element.name === name);
}

function number(element: XmlElement | undefined, attribute: string): number {
  return Number(element?.attributes.get(attribute));
}

test('bars are as long as their values, in the given order, each with its label and its value', () => {
  const document = barChart({
    title: 'Rates',
    notes: ['of today', 'one core'],
    bars: [
      { label: 'slow', value: 50, text: '50 a second' },
      { label: 'fast', value: 200, range: [150, 210], isStressed: true },
      { label: 'none', value: 0 },
    ],
  });
  const rects = all(document, 'rect');
  const [slow, fast, none] = rects.map((rect) => number(rect, 'width'));
  assert.ok(Math.abs((fast ?? 0) / (slow ?? 0) - 4) < 0.01);
  assert.equal(none, 1, 'seen, however little');
  assert.deepEqual(
    rects.map((rect) => number(rect, 'y')),
    rects.map((rect) => number(rect, 'y')).sort((a, b) => a - b),
  );
  assert.deepEqual(
    all(document, 'text').map(({ text }) => text),
    ['Rates', 'slow', '50 a second', 'fast', '200', 'none', '0', 'of today', 'one core'],
  );
  const [range, ...others] = all(document, 'line');
  assert.equal(others.length, 0, 'only one has a range');
  assert.ok(number(range, 'x1') < number(rects[1], 'x') + (fast ?? 0));
  assert.ok(number(range, 'x2') > number(rects[1], 'x') + (fast ?? 0));
  assert.notEqual(rects[0]?.attributes.get('fill'), rects[1]?.attributes.get('fill'));
});

test('whatever the values, every coordinate is a number inside the picture', () => {
  const value = fc.double({ min: 0, max: 1e300, noNaN: true });
  const bar = fc.record({ label: fc.string(), value, range: fc.tuple(value, value) });
  fc.assert(
    fc.property(fc.array(bar, { maxLength: 8 }), (bars) => {
      const document = barChart({ title: 'any', notes: ['any'], bars });
      const [root] = all(document, 'svg');
      for (const element of parseXml(document).slice(1))
        for (const [name, limit] of [
          ...['x', 'x1', 'x2', 'width'].map((each) => [each, number(root, 'width')] as const),
          ...['y', 'y1', 'y2', 'height'].map((each) => [each, number(root, 'height')] as const),
        ]) {
          const written = element.attributes.get(name) ?? '0';
          assert.match(written, /^\d+(\.\d+)?$/);
          assert.ok(Number(written) <= limit, `${name} ${written}`);
        }
    }),
    { numRuns: 50 },
  );
});

test('the smallest and the largest of numbers are drawn', () => {
  for (const value of [Number.MIN_VALUE, Number.MAX_VALUE]) {
    const [bar, none] = all(
      barChart({
        title: '',
        bars: [
          { label: 'a', value },
          { label: 'b', value: 0 },
        ],
      }),
      'rect',
    );
    assert.ok(number(bar, 'width') > 100 * number(none, 'width'));
  }
});

test('a value that no bar can have is an error that names the bar', () => {
  for (const value of [NaN, Infinity, -1])
    assert.throws(() => barChart({ title: '', bars: [{ label: 'odd', value }] }), /odd/);
  assert.throws(
    () => barChart({ title: '', bars: [{ label: 'odd', value: 1, range: [NaN, 2] }] }),
    RangeError,
  );
});

test('the background is left to the page, and the text is read on white and on a dark one', () => {
  const document = barChart({ title: 'Rates', bars: [{ label: 'a', value: 1 }] });
  assert.equal(all(document, 'rect').length, 1, 'a bar, no background');
  for (const { attributes } of all(document, 'text'))
    for (const page of ['#ffffff', '#0d1117'])
      assert.ok(
        contrast(attributes.get('fill') ?? '', page) >= 4,
        `${attributes.get('fill') ?? ''} on ${page}`,
      );
});

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = NaN, green = NaN, blue = NaN] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
