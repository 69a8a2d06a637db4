import type { Access, Operation } from '../../cloud.ts';
import type { Buses } from './buses.ts';
import { invalid } from './errors.ts';
import type { Bus, Rule, Tag } from './state.ts';

/** Tags of rules and buses. */
export function tagOperations(buses: Buses): Record<string, Operation> {
  const find = (arn: string): Rule | Bus => {
    const [, , service, region = '', , resource = ''] = arn.split(':');
    const [kind, ...names] = resource.split('/');
    if (service === 'events' && kind === 'event-bus') return buses.require(region, names.join('/'));
    if (service !== 'events' || kind !== 'rule')
      throw invalid(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
    const name = names.pop() as string;
    return buses.requireRule(region, name, names.length > 0 ? names.join('/') : undefined);
  };
  const access =
    (action: string) =>
    (input: any): Access[] => [{ action: `events:${action}`, resource: input.ResourceARN }];
  return {
    ListTagsForResource: {
      access: access('ListTagsForResource'),
      handle: (input) => ({ Tags: find(input.ResourceARN).tags }),
    },
    TagResource: {
      access: access('TagResource'),
      handle: (input: { ResourceARN: string; Tags: Tag[] }) => {
        const keys = new Set(input.Tags.map(({ Key }) => Key));
        if (keys.size < input.Tags.length) throw invalid('Invalid parameter: Duplicated keys are not allowed.');
        const owner = find(input.ResourceARN);
        owner.tags = [...owner.tags.filter(({ Key }) => !keys.has(Key)), ...input.Tags];
        return {};
      },
    },
    UntagResource: {
      access: access('UntagResource'),
      handle: (input: { ResourceARN: string; TagKeys: string[] }) => {
        const owner = find(input.ResourceARN);
        owner.tags = owner.tags.filter(({ Key }) => !input.TagKeys.includes(Key ?? ''));
        return {};
      },
    },
  };
}
