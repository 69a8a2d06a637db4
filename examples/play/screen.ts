/** What the person in front of the terminal sees; colours only on a terminal that has them. */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #colours: boolean;
  readonly #startedAt: number;

  constructor(write: (text: string) => void, options: { colours: boolean; now: number }) {
    this.#write = write;
    this.#colours = options.colours;
    this.#startedAt = options.now;
  }

  title(text: string): void {
    this.#write(`\n${this.#paint('1', text)}\n`);
  }

  line(text: string): void {
    const seconds = ((Date.now() - this.#startedAt) / 1000).toFixed(1).padStart(6);
    this.#write(`${this.#paint('2', seconds)}  ${text}\n`);
  }

  good(text: string): void {
    this.line(`${this.#paint('32', '✓')} ${text}`);
  }

  bad(text: string): void {
    this.line(`${this.#paint('31', '✗')} ${text}`);
  }

  table(rows: string[][]): void {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
    for (const [index, row] of rows.entries()) {
      const text = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
      this.#write(`  ${index === 0 ? this.#paint('2', text) : text}\n`);
    }
  }

  #paint(code: string, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
