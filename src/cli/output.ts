import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Writes to a stream, in colour only on a terminal. */
export class Printer {
  private readonly colours: boolean;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.colours = stream.isTTY && environment.NO_COLOR === undefined;
  }

  style(style: Style, text: string): string {
    return this.colours ? styleText(style, text) : text;
  }

  line(text = ''): void {
    this.stream.write(`${text}\n`);
  }

  /** One JSON document on one line. */
  json(value: unknown): void {
    this.stream.write(`${JSON.stringify(value)}\n`);
  }

  /** Columns aligned by their widest cell; numbers to the right. */
  table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const cells = [header, ...rows].map((row) => row.map(String));
    const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    for (const [i, row] of cells.entries()) {
      const text = row.map((cell, column) =>
        isNumber(rows[0]?.[column]) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      );
      const line = text.join('  ').trimEnd();
      this.line(i === 0 ? this.style('bold', line) : line);
    }
  }
}

function isNumber(cell: string | number | undefined): boolean {
  return typeof cell === 'number' || (cell !== undefined && /^[+-]?[\d.,]+%?$/.test(cell));
}

/** `12,345` */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
