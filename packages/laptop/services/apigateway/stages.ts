import type { Cloud, Operation } from '../../cloud.ts';
import { badRequest, conflict, findApi, found, on, refuseMembers } from './lookup.ts';
import { page } from './paging.ts';
import type { Api, ApiState, Deployment, Stage } from './state.ts';

const notHere = ['AccessLogSettings', 'ClientCertificateId', 'DefaultRouteSettings', 'RouteSettings'];

/** Stages and what is deployed to them. https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html */
export function stageOperations(state: ApiState, cloud: Cloud): Record<string, Operation> {
  const all = ({ ApiId }: any) => `/apis/${ApiId}/stages`;
  const one = ({ ApiId, StageName }: any) => `/apis/${ApiId}/stages/${StageName}`;
  return {
    CreateStage: {
      access: on('POST', all),
      handle: (input, call) => describeStage(makeStage(cloud, findApi(state, call, input.ApiId), input)),
    },
    GetStage: {
      access: on('GET', one),
      handle: (input, call) => describeStage(found(findApi(state, call, input.ApiId).stages, 'Stage', input.StageName)),
    },
    GetStages: {
      access: on('GET', all),
      handle: (input, call) =>
        page([...findApi(state, call, input.ApiId).stages.values()], ({ name }) => name, input, describeStage),
    },
    UpdateStage: {
      access: on('PATCH', one),
      handle(input, call) {
        const api = findApi(state, call, input.ApiId);
        const stage = found(api.stages, 'Stage', input.StageName);
        refuseMembers(input, notHere);
        if (input.DeploymentId !== undefined) deployTo(stage, found(api.deployments, 'Deployment', input.DeploymentId));
        if (input.AutoDeploy !== undefined) stage.autoDeploy = input.AutoDeploy;
        if (input.StageVariables !== undefined) stage.variables = input.StageVariables;
        if (input.Description !== undefined) stage.description = input.Description;
        stage.lastUpdatedDate = cloud.clock.now();
        return describeStage(stage);
      },
    },
    DeleteStage: {
      access: on('DELETE', one),
      handle(input, call) {
        const { stages } = findApi(state, call, input.ApiId);
        stages.delete(found(stages, 'Stage', input.StageName).name);
      },
    },
    ...deploymentOperations(state, cloud),
  };
}

function deploymentOperations(state: ApiState, cloud: Cloud): Record<string, Operation> {
  const all = ({ ApiId }: any) => `/apis/${ApiId}/deployments`;
  const one = ({ ApiId, DeploymentId }: any) => `/apis/${ApiId}/deployments/${DeploymentId}`;
  return {
    CreateDeployment: {
      access: on('POST', all),
      handle(input, call) {
        const api = findApi(state, call, input.ApiId);
        const stage = input.StageName === undefined ? undefined : found(api.stages, 'Stage', input.StageName);
        if (api.routes.size === 0) throw badRequest('At least one route is required before deploying the Api.');
        const deployment: Deployment = {
          id: state.newId(6),
          createdDate: cloud.clock.now(),
          ...(input.Description ? { description: input.Description } : {}),
          routes: [...api.routes.values()],
          integrations: new Map(api.integrations),
        };
        api.deployments.set(deployment.id, deployment);
        if (stage) deployTo(stage, deployment);
        return describeDeployment(deployment);
      },
    },
    GetDeployment: {
      access: on('GET', one),
      handle: (input, call) =>
        describeDeployment(found(findApi(state, call, input.ApiId).deployments, 'Deployment', input.DeploymentId)),
    },
    GetDeployments: {
      access: on('GET', all),
      handle: (input, call) =>
        page([...findApi(state, call, input.ApiId).deployments.values()], ({ id }) => id, input, describeDeployment),
    },
    DeleteDeployment: {
      access: on('DELETE', one),
      handle(input, call) {
        const { deployments, stages } = findApi(state, call, input.ApiId);
        const deployment = found(deployments, 'Deployment', input.DeploymentId);
        const user = [...stages.values()].find((stage) => stage.deployment === deployment);
        if (user) throw badRequest(`Active stages pointing to this deployment must be moved or deleted: ${user.name}`);
        deployments.delete(deployment.id);
      },
    },
  };
}

/** @throws AwsError BadRequestException, ConflictException, NotFoundException */
export function makeStage(cloud: Cloud, api: Api, input: any): Stage {
  const name = String(input.StageName);
  if (name !== '$default' && !/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
    throw badRequest('Stage name only allows a-zA-Z0-9_- or $default.');
  }
  if (api.stages.has(name)) throw conflict('Stage already exists');
  refuseMembers(input, notHere);
  const now = cloud.clock.now();
  const stage: Stage = {
    name,
    autoDeploy: input.AutoDeploy === true,
    variables: input.StageVariables ?? {},
    deployment: undefined,
    description: input.Description,
    createdDate: now,
    lastUpdatedDate: now,
  };
  if (input.DeploymentId !== undefined) deployTo(stage, found(api.deployments, 'Deployment', input.DeploymentId));
  api.stages.set(name, stage);
  return stage;
}

function deployTo(stage: Stage, deployment: Deployment): void {
  if (stage.autoDeploy) throw badRequest('Deployment ID cannot be set on a stage with auto-deploy enabled.');
  stage.deployment = deployment;
}

const describeStage = (stage: Stage) => ({
  StageName: stage.name,
  Description: stage.description,
  AutoDeploy: stage.autoDeploy,
  DeploymentId: stage.deployment?.id,
  StageVariables: stage.variables,
  CreatedDate: stage.createdDate,
  LastUpdatedDate: stage.lastUpdatedDate,
  RouteSettings: {},
  DefaultRouteSettings: { DetailedMetricsEnabled: false },
});

const describeDeployment = (deployment: Deployment) => ({
  DeploymentId: deployment.id,
  DeploymentStatus: 'DEPLOYED',
  Description: deployment.description,
  CreatedDate: deployment.createdDate,
  AutoDeployed: false,
});
