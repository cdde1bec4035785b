import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Svg, element, svgDocument } from '../../src/plot/svg.js';
import { parseXml } from '../support/parse-xml.js';

const SIZE = { width: 10, height: 10 };

test('any text, as content, attribute or title, gives a well-formed document', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('</text><script>', '"', "'", '&', '&amp;', ']]>', '\u0000', '\ud800', '\uffff'),
  );
  fc.assert(
    fc.property(hostile, hostile, hostile, (title, content, attribute) => {
      const document = svgDocument(SIZE, title, [element('text', { id: attribute }, content)]);
      assert.deepEqual(
        parseXml(document).map(({ name }) => name),
        ['svg', 'title', 'text'],
      );
    }),
  );
});

test('text is escaped once, elements are not', () => {
  assert.equal(
    element('g', { id: '"<&' }, 'a < b & "c"', element('rect', { x: 1 })).text,
    '<g id="&quot;&lt;&amp;">a &lt; b &amp; &quot;c&quot;<rect x="1"/></g>',
  );
  assert.equal(new Svg('<a/>').text, '<a/>');
});

test('numbers are rounded to hundredths, without an exponent or a negative zero', () => {
  assert.equal(
    element('line', { x1: 1 / 3, x2: -0.001, y1: 1e-9, y2: -2.005 }).text,
    '<line x1="0.33" x2="0" y1="0" y2="-2"/>',
  );
});

test('a number that is not finite is an error that names the attribute', () => {
  for (const value of [NaN, Infinity, -Infinity])
    assert.throws(() => element('rect', { width: value }), /width/);
  assert.throws(() => svgDocument({ width: 1, height: NaN }, '', []), RangeError);
});
