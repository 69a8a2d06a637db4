import type { Cloud } from '../../cloud.ts';

export interface StackResource {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

/** A stack of a loaded assembly, as CloudFormation describes it. */
export interface Stack {
  readonly name: string;
  readonly id: string;
  readonly region: string;
  readonly createdAt: Date;
  readonly description?: string;
  /** The template's text, in JSON. */
  readonly template: string;
  readonly parameters: readonly { key: string; value: string; resolvedValue?: string }[];
  readonly outputs: readonly StackOutput[];
  /** In the order in which they were made. */
  readonly resources: readonly StackResource[];
  readonly tags: Readonly<Record<string, string>>;
}

export class Stacks {
  readonly #byId = new Map<string, Stack>();

  add(stack: Stack): void {
    this.#byId.set(stack.id, stack);
  }

  /** By name or id. */
  find(region: string, nameOrId: string): Stack | undefined {
    return this.list(region).find(({ name, id }) => nameOrId === name || nameOrId === id);
  }

  /** The newest first. */
  list(region: string): Stack[] {
    return [...this.#byId.values()].filter((stack) => stack.region === region).reverse();
  }

  clear(): void {
    this.#byId.clear();
  }
}

/** The stacks of a cloud; undefined for one without CloudFormation. */
export function stacksOf(cloud: Cloud): Stacks | undefined {
  const { services } = cloud as Cloud & { services?: ReadonlyMap<string, unknown> };
  return (services?.get('cloudformation') as { stacks: Stacks } | undefined)?.stacks;
}
