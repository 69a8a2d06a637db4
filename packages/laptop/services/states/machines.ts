import { randomUUID } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import type { MachineDefinition } from './interpreter/definition.ts';
import { InvalidDefinition } from './interpreter/diagnostics.ts';
import { type MachineType, parseDefinition } from './interpreter/parse-definition.ts';
import { validateArn, validateName } from './requests.ts';
import type { LoggingConfiguration, StateMachine } from './state.ts';

export interface MachineInput {
  readonly name: string;
  readonly definition: string;
  readonly roleArn: string;
  readonly type?: string;
  readonly tags?: StateMachine['tags'];
  readonly loggingConfiguration?: LoggingConfiguration;
  readonly tracingConfiguration?: unknown;
}

/** The state machines of the account. */
export class Machines {
  readonly byArn = new Map<string, StateMachine>();
  readonly #cloud: Cloud;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  clear(): void {
    this.byArn.clear();
  }

  arnOf(region: string, name: string): string {
    return `arn:aws:states:${region}:${this.#cloud.accountId}:stateMachine:${name}`;
  }

  /** Making the same machine again is the same request. https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html */
  create(region: string, machine: MachineInput): StateMachine {
    validateName(machine.name);
    const arn = this.arnOf(region, machine.name);
    const type = machine.type === 'EXPRESS' ? 'EXPRESS' : 'STANDARD';
    const definition = this.parse(machine.definition, type);
    const existing = this.byArn.get(arn);
    if (existing && isSame(existing, machine, type)) return existing;
    if (existing) throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
    const now = this.#cloud.clock.now();
    const made: StateMachine = {
      arn,
      name: machine.name,
      type,
      createdAt: now,
      updatedAt: now,
      definitionText: machine.definition,
      definition,
      roleArn: machine.roleArn,
      revisionId: undefined,
      ...(machine.loggingConfiguration && { loggingConfiguration: machine.loggingConfiguration }),
      tracingConfiguration: machine.tracingConfiguration,
      tags: machine.tags ?? [],
    };
    this.byArn.set(arn, made);
    return made;
  }

  /** Executions under way go on with the definition that they began with. */
  update(machine: StateMachine, change: Partial<MachineInput>): void {
    if (change.definition !== undefined) {
      machine.definition = this.parse(change.definition, machine.type);
      machine.definitionText = change.definition;
    }
    if (change.roleArn !== undefined) machine.roleArn = change.roleArn;
    if (change.loggingConfiguration !== undefined) machine.loggingConfiguration = change.loggingConfiguration;
    if (change.tracingConfiguration !== undefined) machine.tracingConfiguration = change.tracingConfiguration;
    machine.revisionId = randomUUID();
    machine.updatedAt = this.#cloud.clock.now();
  }

  require(arn: string): StateMachine {
    validateArn(arn);
    const machine = this.byArn.get(arn);
    if (machine) return machine;
    throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }

  parse(text: string, type: MachineType): MachineDefinition {
    try {
      return parseDefinition(text, type);
    } catch (error) {
      if (error instanceof InvalidDefinition) throw new AwsError('InvalidDefinition', error.message, { cause: error });
      throw error;
    }
  }
}

function isSame(existing: StateMachine, machine: MachineInput, type: MachineType): boolean {
  return (
    existing.definitionText === machine.definition && existing.roleArn === machine.roleArn && existing.type === type
  );
}
