import { oneLine, shownJson } from '../../pipeline/contracts/grammar/shown-text.ts';
import type { Colour, Terminal } from './terminal.ts';

/** A cell: text, or text in a colour. */
export type Cell = string | { readonly text: string; readonly colour: Colour };

/** Columns for people: as wide as their widest cell, two spaces apart, the heads dim. */
export function printTable(terminal: Terminal, heads: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const texts = rows.map((row) => row.map((cell) => oneLine(typeof cell === 'string' ? cell : cell.text)));
  const widths = heads.map((head, column) => Math.max(head.length, ...texts.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[], paint: (text: string, column: number) => string) =>
    cells
      .map((text, column) => {
        const isLast = column === cells.length - 1;
        return `${paint(text, column)}${isLast ? '' : ' '.repeat((widths[column] ?? 0) - text.length)}`;
      })
      .join('  ')
      .trimEnd();
  terminal.print(line(heads, (text) => terminal.paint('dim', text)));
  rows.forEach((row, index) => {
    const colourOf = (column: number) => {
      const cell = row[column];
      return typeof cell === 'object' ? cell.colour : undefined;
    };
    const painted = (text: string, column: number) => {
      const colour = colourOf(column);
      return colour ? terminal.paint(colour, text) : text;
    };
    terminal.print(line(texts[index] ?? [], painted));
  });
}

/** For programs: one document on standard output, whatever else is printed. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(shownJson(value));
}
