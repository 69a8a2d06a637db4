import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type {
  MachineDefinition,
  StateDefinition,
} from '../../packages/laptop/services/states/interpreter/definition.ts';

const FOLDER = fileURLToPath(new URL('../../statemachines/', import.meta.url));

export const machineNames = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.asl.json'))
  .map((name) => name.replace('.asl.json', ''));

export const definitionText = (name: string) => readFileSync(`${FOLDER}${name}.asl.json`, 'utf8');

/** The names in `${…}`, each once. */
export const substitutionsIn = (text: string) =>
  [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => String(name)))].sort();

/** The definition with something of the right form for every `${…}`. */
export function substituted(text: string): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    if (name.endsWith('FunctionArn')) return `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
    if (name.endsWith('StateMachineArn')) return `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;
    if (name.endsWith('TableName')) return name;
    if (name.endsWith('ClientContext')) return Buffer.from('{}').toString('base64');
    throw new Error(`\${${name}}: say here what stands for it.`);
  });
}

/** Every state, those of maps and branches too. */
export function statesOf(machine: Pick<MachineDefinition, 'States'>): [name: string, state: StateDefinition][] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as [string, StateDefinition],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
    ...(state.Branches ?? []).flatMap(statesOf),
  ]);
}
