import assert from 'node:assert/strict';

const NAME = '[A-Za-z_:][\\w:.-]*';
const TOKEN = new RegExp(
  `<(?<close>/)?(?<name>${NAME})(?<attributes>(?:\\s+${NAME}="[^"<&]*(?:&(?:amp|lt|gt|quot|#39);[^"<&]*)*")*)\\s*(?<empty>/)?>` +
    '|(?<text>[^<&]+)|(?<entity>&(?:amp|lt|gt|quot|#39);)',
  'y',
);

/**
 * That a text is well-formed XML of elements, attributes and text alone (XML 1.0, 2.1): one root, tags that match,
 * attributes quoted and each once, no bare markup, no character that XML forbids.
 * @returns the text between tags
 */
export function assertWellFormed(xml: string): string[] {
  // eslint-disable-next-line no-control-regex -- it is those that are meant
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
  const open: string[] = [];
  const texts: string[] = [];
  let roots = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(xml)?.groups;
    assert.ok(groups !== undefined, `no XML at ${at}: ${xml.slice(at, at + 60)}`);
    const { close, name, attributes = '', empty, text, entity } = groups;
    if (name === undefined) {
      assert.ok(open.length > 0 || (text ?? entity ?? '').trim() === '', `text outside the root at ${at}`);
      texts.push(text ?? entity ?? '');
      continue;
    }
    if (close !== undefined) {
      assert.equal(open.pop(), name, `at ${at}`);
      continue;
    }
    const names = [...attributes.matchAll(new RegExp(`(${NAME})=`, 'g'))].map(([, key]) => key);
    assert.equal(new Set(names).size, names.length, `an attribute comes twice at ${at}`);
    if (open.length === 0) roots++;
    if (empty === undefined) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.equal(roots, 1);
  return texts;
}
