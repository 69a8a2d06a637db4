import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import { parseDefinition } from '../../packages/laptop/services/states/interpreter/parse-definition.ts';
import { parseResource, type TaskResource } from '../../packages/laptop/services/states/interpreter/task-resource.ts';
import { loadServiceModel, type ServiceModel } from '../../packages/laptop/wire/service-model.ts';
import type { BundledFunction } from '../../stacks/bundled-function.ts';
import { WorkflowStateMachines } from '../../stacks/state-machines.ts';
import { definitionText, machineNames, statesOf, substituted, substitutionsIn } from './definitions.ts';
import { errorsOfFunctions, possibleErrors } from './possible-errors.ts';

const aslValidator: (definition: object) => { isValid: boolean; errorsText(): string } = createRequire(import.meta.url)(
  'asl-validator',
);

let cloud: RunningCloud;
let functionErrors: Set<string>;
beforeAll(async () => {
  cloud = await createCloud({ log: () => {} });
  functionErrors = await errorsOfFunctions();
});
afterAll(() => cloud.close());

const models = new Map<string, Promise<ServiceModel>>();
/** Of the service that a Task calls; a function's own errors are of none. */
function modelOf(resource: TaskResource): Promise<ServiceModel> {
  const name = resource.kind === 'function' ? 'lambda' : resource.service.name;
  const known = models.get(name) ?? loadServiceModel(cloud.service(name));
  models.set(name, known);
  return known;
}

test('there are machines', () => {
  expect(machineNames).toEqual(
    expect.arrayContaining(['rotate-secret', 'propagate-secret', 'await-convergence', 'retire-credential']),
  );
});

describe.each(machineNames)('%s', (name) => {
  const text = definitionText(name);
  const machine = parseDefinition(substituted(text));
  const tasks = statesOf(machine).flatMap(([state, definition]) => {
    if (definition.Type !== 'Task') return [];
    return [{ state, definition, resource: parseResource(String(definition.Resource)) as TaskResource }];
  });

  test('is of the States Language', () => {
    const { isValid, errorsText } = aslValidator(JSON.parse(substituted(text)));
    expect(isValid ? '' : errorsText()).toBe('');
  });

  test('calls operations that exist', async () => {
    const missing: string[] = [];
    for (const { state, resource } of tasks) {
      if (resource.kind === 'function') continue;
      const { operations } = await modelOf(resource);
      const operation = resource.action.replace(/^./, (first) => first.toUpperCase());
      if (!operations.has(operation)) missing.push(`${state}: ${operation}`);
    }
    expect(missing).toEqual([]);
  });

  test('retries and catches errors that its Tasks can fail with', async () => {
    const unknown: string[] = [];
    for (const { state, definition, resource } of tasks) {
      const possible = possibleErrors(resource, await modelOf(resource), functionErrors);
      const named = [...(definition.Retry ?? []), ...(definition.Catch ?? [])].flatMap((one) => one.ErrorEquals);
      unknown.push(...named.filter((error) => !possible.has(error)).map((error) => `${state}: ${error}`));
    }
    expect(unknown).toEqual([]);
  });

  test('retries what a service answers that its model has no name for: throttling is such', async () => {
    const missing: string[] = [];
    for (const { state, definition, resource } of tasks) {
      if (resource.kind === 'function') continue;
      const { prefix, baseError } =
        resource.kind === 'optimized' && resource.service.optimized
          ? resource.service.optimized
          : { prefix: resource.service.sdk, baseError: `${resource.service.sdk}Exception` };
      const retried = (definition.Retry ?? []).flatMap((one) => one.ErrorEquals);
      const wanted = `${prefix}.${baseError}`;
      if (![wanted, 'States.ALL', 'States.TaskFailed'].some((error) => retried.includes(error)))
        missing.push(`${state}: ${wanted}`);
    }
    expect(missing).toEqual([]);
  });
});

test('the stack gives every machine the substitutions that it names, and no others', () => {
  const stack = new Stack(new App(), 'Stack');
  const bundled = (id: string) => {
    const code = lambda.Code.fromInline('exports.handler = () => {}');
    const props = { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code };
    return { function: new lambda.Function(stack, id, props) } as unknown as BundledFunction;
  };
  new WorkflowStateMachines(stack, 'StateMachines', {
    pipelineName: 'keyturn',
    prepare: bundled('Prepare'),
    selectSecrets: bundled('SelectSecrets'),
    report: bundled('Report'),
    recycleConsumer: bundled('RecycleConsumer'),
    mirrorSecret: bundled('MirrorSecret'),
  });
  const machines = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
  const given = machines.map(({ Properties: { StateMachineName, DefinitionSubstitutions } }) => [
    StateMachineName.replace('keyturn-', ''),
    Object.keys(DefinitionSubstitutions ?? {}).sort(),
  ]);
  const named = machineNames.map((name) => [name, substitutionsIn(definitionText(name))]);
  expect(Object.fromEntries(given)).toEqual(Object.fromEntries(named));
});
