/** One token of a document: a tag with its attributes, or text in between. */
const TOKEN = /<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*="[^<"]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([A-Za-z_][\w.:-]*)="([^<"]*)"/g;
const BARE_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/;
// eslint-disable-next-line no-control-regex -- what XML 1.0 (section 2.2) does not allow
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Of the element itself, references as they are written. */
  text: string;
}

/**
 * The elements of a document in the order of their start tags. Knows elements, attributes in double quotes and
 * references: all that is written here.
 * @throws where it is not well-formed (XML 1.0, section 2.1)
 */
export function parseXml(document: string): XmlElement[] {
  const elements: XmlElement[] = [];
  const open: XmlElement[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < document.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(document);
    if (found === null) throw new Error(`no token at ${at}: ${document.slice(at, at + 40)}`);
    const [token, slash, name = '', written = '', selfClosing, text] = found;
    if (FORBIDDEN.test(token)) throw new Error(`a forbidden character at ${at}`);
    if (BARE_AMPERSAND.test(token)) throw new Error(`a bare & at ${at}`);
    if (text !== undefined) {
      const parent = open.at(-1);
      if (parent === undefined && text.trim() !== '') throw new Error(`text outside of the root at ${at}`);
      if (parent !== undefined) parent.text += text;
    } else if (slash === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> at ${at} closes another element`);
    } else {
      if (open.length === 0 && elements.length > 0) throw new Error(`a second root at ${at}`);
      const pairs = [...written.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, value] as const);
      const element = { name, attributes: new Map(pairs), text: '' };
      if (element.attributes.size !== pairs.length) throw new Error(`an attribute twice at ${at}`);
      elements.push(element);
      if (selfClosing !== '/') open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name ?? ''}> is not closed`);
  if (elements.length === 0) throw new Error('no root');
  return elements;
}
