// Validates a dashboard against schemas generated from Grafana's types: the dashboard as a whole, each panel by
// itself (the union of panel and row would make every message about both), each panel's options and field
// configuration by its type. It then breaks copies of the dashboard and demands that each is refused.
//   node check-schema.cjs NODE_MODULES DASHBOARD
'use strict';
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv').default;
const generator = require('ts-json-schema-generator');

const [modules, file] = process.argv.slice(2);
const raw = path.resolve(modules, '@grafana/schema/dist/esm/raw');
const ajv = new Ajv({strict: false, allErrors: true});

// A type of a declaration file as a validator. An unknown type throws.
function validator(declarations, type) {
  const schema = generator.createGenerator({
    path: declarations.replaceAll(path.sep, '/'), type, skipTypeCheck: true, additionalProperties: false,
  }).createSchema(type);
  return ajv.compile(schema);
}

function firstOf(folder, pattern) {
  const found = fs.readdirSync(folder).find(name => pattern.test(name));
  if (found === undefined) throw new Error(`no declarations in ${folder}`);
  return path.join(folder, found);
}

const dashboards = firstOf(path.join(raw, 'dashboard/x'), /^dashboard_types\.gen\.d\.ts$/);
const isDashboard = validator(dashboards, 'Dashboard');
const isPanel = validator(dashboards, 'Panel');
const isRow = validator(dashboards, 'RowPanel');

const folders = {timeseries: 'timeseries', stat: 'stat', bargauge: 'bargauge', 'state-timeline': 'statetimeline', table: 'table'};
const validators = {};
function ofType(type) {
  if (!(type in validators)) {
    if (!(type in folders)) throw new Error(`panel type ${type} is not known`);
    const declarations = firstOf(path.join(raw, `composable/${folders[type]}/panelcfg/x`), /\.gen\.d\.ts$/);
    // Some types have nothing of their own for one of the two.
    const text = fs.readFileSync(declarations, 'utf8');
    const has = name => new RegExp(`export (interface|type|declare type) ${name}\\b|type ${name}\\b`).test(text);
    validators[type] = {
      options: has('Options') ? validator(declarations, 'Options') : null,
      custom: has('FieldConfig') ? validator(declarations, 'FieldConfig') : null,
    };
  }
  return validators[type];
}

function complaints(dashboard) {
  const found = [];
  const check = (validate, value, where) => {
    if (!validate(value)) {
      for (const e of validate.errors) found.push(`${where}${e.instancePath}: ${e.message} ${JSON.stringify(e.params)}`);
    }
  };
  check(isDashboard, {...dashboard, panels: []}, 'dashboard');
  for (const panel of dashboard.panels) {
    if (panel.type === 'row') {
      check(isRow, panel, `row "${panel.title}"`);
      continue;
    }
    check(isPanel, panel, `panel "${panel.title}"`);
    const {options, custom} = ofType(panel.type);
    if (options) check(options, panel.options, `panel "${panel.title}" options`);
    if (custom) check(custom, panel.fieldConfig.defaults.custom ?? {}, `panel "${panel.title}" custom`);
  }
  return found;
}

const dashboard = JSON.parse(fs.readFileSync(file, 'utf8'));
const found = complaints(dashboard);
for (const text of found) console.error(`dashboard-schema: ${text}`);

// A schema that accepts anything would be no check.
const panelOf = (d, type) => d.panels.find(panel => panel.type === type);
const breakages = {
  'an unknown threshold mode': d => { panelOf(d, 'stat').fieldConfig.defaults.thresholds.mode = 'absolut'; },
  'an unknown grid field': d => { panelOf(d, 'stat').gridPos.hh = 4; },
  'an unknown draw style': d => { panelOf(d, 'timeseries').fieldConfig.defaults.custom.drawStyle = 'lines'; },
  'an unknown option': d => { panelOf(d, 'timeseries').options.legends = {}; },
  'a text for a schema version': d => { d.schemaVersion = '41'; },
  'a variable without a type': d => { delete d.templating.list[0].type; },
};
let unnoticed = 0;
for (const [name, inflict] of Object.entries(breakages)) {
  const copy = structuredClone(dashboard);
  inflict(copy);
  if (complaints(copy).length <= found.length) {
    console.error(`dashboard-schema: the schema does not notice ${name}`);
    ++unnoticed;
  }
}
if (found.length > 0 || unnoticed > 0) process.exit(1);
console.log(`dashboard-schema: ${dashboard.panels.length} panels are valid; ${Object.keys(breakages).length} of ` +
            `${Object.keys(breakages).length} broken copies are refused`);
