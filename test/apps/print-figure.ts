/** Prints a figure on a line of its own, which the log of CI shows. */
export function printFigure(name: string, value: string): void {
  process.stdout.write(`\n${name}: ${value}\n`);
}
