import { readFileSync } from 'node:fs';
import { awsServices, titles } from './aws-services.ts';
import { type MachineState, machineStates, machines, untried } from './machine-states.ts';
import { outagesTable } from './outages-table.ts';

const page = readFileSync(new URL('../../../docs/reliability.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('## Outages'), page.indexOf('## The last run'));
const cells = (line: string) =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);
const rows = section
  .split('\n')
  .filter((line) => machines.some((machine) => line.startsWith(`| \`${machine}\``)))
  .map(cells);
const statesOf = (row: string[]) =>
  [...(row[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => `${row[0]?.replaceAll('`', '')} ${name}` as MachineState);

test('docs/reliability.md says of every state that a way leads to what came of each of the five outages', () => {
  expect(section).toContain(outagesTable([]).split('\n')[0]);
  const tried = machineStates().filter((state) => !(state in untried));
  expect(rows.flatMap(statesOf).sort()).toEqual(tried.sort());
  for (const row of rows) {
    const words = row.slice(2);
    expect(words).toHaveLength(awsServices.length);
    for (const word of words) expect(['waits', 'passes', '–']).toContain(word);
  }
  expect(section).toContain(`after ${tried.length * awsServices.length} outages`);
});

test('a table groups states with the same outcomes, and says of each service what came of it', () => {
  const of = (state: MachineState, struck: number, failedTasks: number, delaySeconds: number) =>
    awsServices.map((service) => ({ service, state, struck, failedTasks, delaySeconds }));
  const table = outagesTable([
    ...of('rotate-secret Prepare', 3, 3, 60),
    ...of('rotate-secret ReportStarted', 1, 0, 31),
    ...of('rotate-secret Succeeded', 0, 0, 0),
    ...of('retire-credential Retire', 2, 0, 1),
  ]);
  const five = (word: string) => awsServices.map(() => word).join(' | ');
  expect(table.split('\n')).toEqual([
    `| machine | the service goes away as it enters | ${Object.values(titles).join(' | ')} |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    `| \`rotate-secret\` | \`Prepare\`, \`ReportStarted\` | ${five('waits')} |`,
    `| \`rotate-secret\` | \`Succeeded\` | ${five('–')} |`,
    `| \`retire-credential\` | \`Retire\` | ${five('passes')} |`,
  ]);
});
