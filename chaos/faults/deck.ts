import type { Fault, Resource } from './fault.js';

/** Deals every kind of fault once, in an order drawn from the seed, then all of them again. */
export class Deck {
  private cards: Fault[] = [];
  /** Put back in this round already. */
  private readonly again = new Set<Fault>();

  constructor(
    private readonly faults: readonly Fault[],
    private readonly random: () => number,
  ) {}

  /** The next one that needs nothing that is in use; those before it stay on top. @returns null when all have to wait */
  deal(inUse: ReadonlySet<Resource>): Fault | null {
    if (this.cards.length === 0) {
      this.cards = this.shuffled();
      this.again.clear();
    }
    const index = this.cards.findIndex(({ takes }) => takes.every((resource) => !inUse.has(resource)));
    return index < 0 ? null : (this.cards.splice(index, 1)[0] ?? null);
  }

  /** One that found nothing to hit gets another chance, after the others; the next one only in the next round. */
  putBack(fault: Fault): void {
    if (this.again.has(fault)) return;
    this.again.add(fault);
    this.cards.push(fault);
  }

  private shuffled(): Fault[] {
    const cards = [...this.faults];
    for (let i = cards.length - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [cards[i], cards[j]] = [cards[j] as Fault, cards[i] as Fault];
    }
    return cards;
  }
}
