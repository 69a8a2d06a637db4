import type { Operation } from '../../cloud.ts';
import { check, longest } from '../constraints.ts';
import type { PutInput } from './parameter.ts';
import { type Parameters, parameterNotFound } from './parameters.ts';
import { access, checkResourceType, one } from './read-operations.ts';

const MOST_NAMES = 10;

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Putting, deleting, labels and tags. */
export function writeOperations(parameters: Parameters): Record<string, Operation> {
  return {
    PutParameter: {
      access: access('PutParameter', one),
      handle: async (input: PutInput, call) => {
        const parameter = await parameters.put(input, call);
        return { Version: parameter.version, Tier: parameter.tier };
      },
    },
    DeleteParameter: {
      access: access('DeleteParameter', one),
      handle(input: { Name: string }, call) {
        if (!parameters.delete(call.region, input.Name)) throw parameterNotFound();
        return {};
      },
    },
    DeleteParameters: {
      validate: (input) => check(['names', input.Names, longest(MOST_NAMES)]),
      access: access('DeleteParameters', (input: { Names: string[] }) => input.Names),
      handle(input: { Names: string[] }, call) {
        const deleted = input.Names.filter((name) => parameters.delete(call.region, name));
        return { DeletedParameters: deleted, InvalidParameters: input.Names.filter((name) => !deleted.includes(name)) };
      },
    },
    LabelParameterVersion: {
      access: access('LabelParameterVersion', one),
      handle(input: { Name: string; ParameterVersion?: number; Labels: string[] }, call) {
        const { version, invalid } = parameters.label(call.region, input);
        return { InvalidLabels: invalid, ParameterVersion: version };
      },
    },
    UnlabelParameterVersion: {
      access: access('UnlabelParameterVersion', one),
      handle(input: { Name: string; ParameterVersion: number; Labels: string[] }, call) {
        const removed = parameters.unlabel(call.region, input);
        return { RemovedLabels: removed, InvalidLabels: input.Labels.filter((label) => !removed.includes(label)) };
      },
    },
    AddTagsToResource: {
      validate: checkResourceType,
      access: access('AddTagsToResource', (input: { ResourceId: string }) => [input.ResourceId]),
      handle(input: { ResourceId: string; Tags: Tag[] }, call) {
        const { tags } = parameters.require(call.region, input.ResourceId);
        for (const { Key, Value } of input.Tags) tags.set(Key, Value);
        return {};
      },
    },
    RemoveTagsFromResource: {
      validate: checkResourceType,
      access: access('RemoveTagsFromResource', (input: { ResourceId: string }) => [input.ResourceId]),
      handle(input: { ResourceId: string; TagKeys: string[] }, call) {
        const { tags } = parameters.require(call.region, input.ResourceId);
        for (const key of input.TagKeys) tags.delete(key);
        return {};
      },
    },
  };
}
