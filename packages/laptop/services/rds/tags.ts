import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { own } from '../../own.ts';
import { invalidValue, type RdsState, type Tag } from './state.ts';

type Input = Record<string, any>;

const MISSING: Record<string, string> = {
  db: 'DBInstanceNotFound',
  cluster: 'DBClusterNotFoundFault',
  'db-proxy': 'DBProxyNotFoundFault',
  'target-group': 'DBProxyTargetGroupNotFoundFault',
};

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html */
export function tagOperations(state: RdsState): Record<string, Operation> {
  const access = (input: Input, call: Call) => [{ action: `rds:${call.operation}`, resource: input.ResourceName }];
  const validate = (input: Input) => {
    if (!/^arn:aws:rds:[^:]*:\d*:[^:]+:.+/.test(input.ResourceName)) {
      throw invalidValue(`Invalid resource name: ${input.ResourceName}`);
    }
    const names: string[] = [...(input.Tags ?? []).map(({ Key = '' }: Tag) => Key), ...(input.TagKeys ?? [])];
    for (const name of names) {
      if (name.length < 1 || name.length > 128) throw invalidValue('Tag keys have 1 to 128 characters.');
      if (/^(aws|rds):/i.test(name)) throw invalidValue(`Tag keys may not start with aws: or rds:, as ${name} does.`);
    }
  };
  const find = (input: Input): { tags: Tag[] } => {
    const arn: string = input.ResourceName;
    const everything = [state.instances, state.clusters, state.proxies, state.groups].flatMap((map) => [
      ...(map as Map<string, { arn: string; tags: Tag[] }>).values(),
    ]);
    const found = everything.find((entry) => entry.arn === arn);
    if (found) return found;
    throw new AwsError(own(MISSING, arn.split(':')[5]!) ?? 'InvalidParameterValue', `${arn} not found.`, {
      httpStatus: 404,
    });
  };
  return {
    ListTagsForResource: { access, validate, handle: (input) => ({ TagList: find(input).tags }) },
    AddTagsToResource: {
      access,
      validate,
      handle: (input) => {
        const entry = find(input);
        const given = new Map((input.Tags as Tag[]).map((tag) => [tag.Key, tag]));
        entry.tags = [...entry.tags.filter(({ Key }) => !given.has(Key)), ...given.values()];
        return {};
      },
    },
    RemoveTagsFromResource: {
      access,
      validate,
      handle: (input) => {
        const entry = find(input);
        entry.tags = entry.tags.filter(({ Key }) => !(input.TagKeys as string[]).includes(Key ?? ''));
        return {};
      },
    },
  };
}
