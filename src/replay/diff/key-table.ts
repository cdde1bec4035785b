/** The place of all keys that came when a table was full. */
export const OTHERS = 0;

export interface KeyTableLimits {
  readonly keysMax: number;
  /** Of all keys together. */
  readonly charsMax: number;
}

/** Numbers for keys, in the order in which they come: the first ones each their own, the others one together. */
export class KeyTable<Key extends string | number | null> {
  private readonly places = new Map<Key, number>();
  private readonly keys: Key[] = [];
  private chars = 0;

  constructor(private readonly limits: KeyTableLimits) {}

  /** Places are from 1 to here. */
  get size(): number {
    return this.keys.length;
  }

  /** @returns OTHERS where the table is full */
  placeOf(key: Key): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    const length = typeof key === 'string' ? key.length : 0;
    if (this.keys.length >= this.limits.keysMax || this.chars + length > this.limits.charsMax) return OTHERS;
    this.chars += length;
    const place = this.keys.push(key);
    this.places.set(key, place);
    return place;
  }

  /** @returns undefined for OTHERS */
  keyAt(place: number): Key | undefined {
    return this.keys[place - 1];
  }
}
