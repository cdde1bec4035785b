/** A piece of an SVG document, as text that is escaped already. */
export class Svg {
  constructor(readonly text: string) {}
}

export type SvgAttributes = Readonly<Record<string, string | number>>;

/**
 * @param attributes numbers are rounded to hundredths
 * @param children texts are escaped, elements are not
 * @throws RangeError when a number is not finite: a coordinate of NaN draws nothing, silently
 */
export function element(
  name: string,
  attributes: SvgAttributes,
  ...children: readonly (Svg | string)[]
): Svg {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value, key) : escaped(value)}"`)
    .join('');
  if (children.length === 0) return new Svg(`<${name}${written}/>`);
  const inner = children.map((child) => (child instanceof Svg ? child.text : escaped(child))).join('');
  return new Svg(`<${name}${written}>${inner}</${name}>`);
}

export interface SvgSize {
  /** In user units, which are pixels where nothing scales the picture. */
  readonly width: number;
  readonly height: number;
}

/** A whole document, one element a line. @param title what a screen reader says of it */
export function svgDocument({ width, height }: SvgSize, title: string, children: readonly Svg[]): string {
  const lines = [element('title', {}, title), ...children].map(({ text }) => new Svg(`\n  ${text}`));
  const root = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${coordinate(width, 'width')} ${coordinate(height, 'height')}`,
      role: 'img',
      'font-family': 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
    },
    ...lines,
    new Svg('\n'),
  );
  return `${root.text}\n`;
}

function coordinate(value: number, name: string): string {
  if (!Number.isFinite(value)) throw new RangeError(`svg: ${name} is ${value}`);
  const rounded = Math.round(value * 100) / 100;
  return String(rounded === 0 ? 0 : rounded);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that XML 1.0 (section 2.2) does not allow even as references become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

// eslint-disable-next-line no-control-regex -- it is those that are meant
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
