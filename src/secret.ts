import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';

const HIDDEN = '[hidden]';

/**
 * A password or another text that must not be seen. Whatever prints it (JSON, a log, an error, the console) prints
 * `[hidden]`; only `reveal` gives it, where it is handed over.
 */
export class Secret {
  #text: string;
  readonly #file: string | null;

  private constructor(text: string, file: string | null) {
    this.#text = text;
    this.#file = file;
  }

  static of(text: string): Secret {
    return new Secret(text, null);
  }

  /**
   * Of a file, without the line ends behind it, read again whenever it is revealed: so it can be replaced.
   * @param file an absolute path
   * @throws Error of the file system when it cannot be read now
   */
  static ofFile(file: string): Secret {
    return new Secret(textOf(file), file);
  }

  /** While the file cannot be read, because it is just being replaced, what it said last; a broker will judge it. */
  reveal(): string {
    if (this.#file !== null) {
      try {
        this.#text = textOf(this.#file);
      } catch {
        return this.#text;
      }
    }
    return this.#text;
  }

  toJSON(): string {
    return HIDDEN;
  }

  toString(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

function textOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
}
