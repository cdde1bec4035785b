/** Imports point one way: model, errors ← stages, kafka ← pipeline ← fleet ← cli. See docs/ARCHITECTURE.md. */
const vocabulary =
  '^src/(model|record-columns|errors|ports|field-path|bytes-as-text|package-root|plural|secret|time-text)\\.ts$';
const stages = ['decode', 'features', 'detect', 'publish'];

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'kafkajs-only-in-kafka',
      severity: 'error',
      from: { pathNot: '^src/kafka/' },
      to: { path: '^(node_modules/)?kafkajs' },
    },
    ...stages.map((stage) => ({
      name: `${stage}-is-pure`,
      comment: 'A stage knows the vocabulary and itself, not another stage, nor who calls it.',
      severity: 'error',
      from: { path: `^src/${stage}/` },
      to: { path: '^src/', pathNot: [vocabulary, `^src/${stage}/`] },
    })),
    {
      name: 'vocabulary-knows-nothing',
      severity: 'error',
      from: { path: vocabulary },
      to: { path: '^src/', pathNot: vocabulary },
    },
    {
      name: 'kafka-below-pipeline',
      severity: 'error',
      from: { path: '^src/kafka/' },
      to: { path: '^src/', pathNot: [vocabulary, '^src/kafka/'] },
    },
    {
      name: 'observe-below-pipeline',
      severity: 'error',
      from: { path: '^src/observe/' },
      to: { path: '^src/', pathNot: [vocabulary, '^src/observe/'] },
    },
    {
      name: 'config-knows-options-only',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/(pipeline|fleet|offsets|replay|dlq|http|demo|cli|files|local-broker|library)/' },
    },
    {
      name: 'plot-knows-nothing',
      severity: 'error',
      from: { path: '^src/plot/' },
      to: { path: '^src/', pathNot: '^src/plot/' },
    },
    {
      name: 'pipeline-below-fleet',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: '^src/(fleet|offsets|replay|dlq|http|demo|cli|local-broker|library)/' },
    },
    {
      name: 'fleet-below-replay',
      severity: 'error',
      from: { path: '^src/(fleet|http)/' },
      to: { path: '^src/(offsets|replay|dlq)/' },
    },
    {
      name: 'fleet-below-cli',
      severity: 'error',
      from: { path: '^src/(fleet|offsets|replay|dlq|http|local-broker|files)/' },
      to: { path: '^src/(cli|demo|library)/' },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', '^src/main\\.ts$'] },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^src/(index|main)\\.ts$'] },
      to: {},
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^(dist|build)/', '\\.as\\.ts$'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
