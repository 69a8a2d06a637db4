import { setTimeout as wait } from 'node:timers/promises';
import { connectWith } from './connect.ts';
import type { PostgresRotatorDependencies, Tools } from './dependencies.ts';

export function completeTools(dependencies: PostgresRotatorDependencies): Tools {
  return {
    ...dependencies,
    connect: dependencies.connect ?? connectWith(dependencies.caBundle),
    sleep: dependencies.sleep ?? ((milliseconds) => wait(milliseconds)),
  };
}
