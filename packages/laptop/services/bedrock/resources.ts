import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';
import { createProfile } from './control-plane.ts';
import { modelArn, resolveModel } from './model-ids.ts';
import type { BedrockService } from './service.ts';

export const resources: ResourceProvider[] = [
  {
    type: 'AWS::Bedrock::ApplicationInferenceProfile',
    create(resource, cloud) {
      onlyProperties(resource, ['InferenceProfileName', 'Description', 'ModelSource', 'Tags']);
      const { InferenceProfileName, Description, ModelSource, Tags } = resource.properties;
      const { state } = cloud.service<BedrockService>('bedrock');
      const { region, accountId } = cloud;
      const profile = createProfile(
        state,
        {
          inferenceProfileName: String(InferenceProfileName),
          modelSource: { copyFrom: String(ModelSource?.CopyFrom) },
          tags: (Tags ?? []).map(({ Key, Value }: { Key: string; Value: string }) => ({ key: Key, value: Value })),
          ...(Description === undefined ? {} : { description: String(Description) }),
        },
        { cloud, region, accountId },
      );
      const { model, regions } = resolveModel(state, profile.copyFrom, region, accountId);
      return {
        ref: profile.arn,
        attributes: {
          InferenceProfileArn: profile.arn,
          InferenceProfileId: profile.id,
          InferenceProfileIdentifier: profile.arn,
          Models: regions.map((one) => modelArn(one, model.id)),
          Status: 'ACTIVE',
          Type: 'APPLICATION',
          CreatedAt: profile.createdAt.toISOString(),
          UpdatedAt: profile.createdAt.toISOString(),
        },
      };
    },
  },
];
