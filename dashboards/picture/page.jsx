// Draws the panels of window.input with Grafana's own components: graphs, single
// values, frames, colours and units are @grafana/ui and @grafana/data. State
// timelines and tables, which Grafana does not publish for use outside, are
// drawn here with its colours and units.
import {
  createDataFrame, createTheme, dateTime, EventBusSrv, FieldType, getDisplayProcessor,
  standardTransformers, standardTransformersRegistry, ThemeContext, transformDataFrame,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, PanelContextProvider, TimeSeries } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const { dashboard, answers, marks, grid, from, to, variables } = window.input;
const theme = createTheme({ colors: { mode: 'light' } });
const timeRange = { from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: 'now-1h', to: 'now' } };

standardTransformersRegistry.setInit(() => [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer]
  .map((transformation) => ({ id: transformation.id, name: transformation.name, transformation: async () => transformation })));

const legend = (format, metric) => format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? '');
const number = (text) => (text === 'NaN' ? null : Number(text));

// put sets a property such as custom.lineStyle.
function put(config, path, value) {
  const keys = path.split('.');
  const last = keys.pop();
  keys.reduce((at, key) => (at[key] = { ...at[key] }), config)[last] = value;
}

// configure gives a field what the panel says of all fields and of its own.
function configure(field, index, panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const config = { color: { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' }, ...structuredClone(defaults), ...field.config };
  // A transformation that renames a field sets displayName.
  const name = config.displayName ?? config.displayNameFromDS ?? field.name;
  for (const { matcher, properties } of overrides ?? []) {
    if (matcher.id === 'byName' && matcher.options === name) {
      properties.forEach(({ id, value }) => put(config, id, value));
    }
  }
  if (config.mappings) {
    config.mappings = config.mappings.map((mapping) => ({ ...mapping }));
  }
  if (config.thresholds) {
    config.thresholds.steps = config.thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity }));
  }
  const configured = { ...field, config, state: { displayName: name, seriesIndex: index } };
  configured.display = getDisplayProcessor({ field: configured, theme, timeZone: 'utc' });
  return configured;
}

// frames returns one frame for each series, with null where there is nothing.
function frames(panel) {
  let index = 0;
  return answers[panel.id].flatMap(({ start, end, step, series }, query) => series.map(({ metric, values }) => {
    const times = [];
    if (step) {
      for (let time = start; time <= end; time += step) times.push(time);
    } else {
      times.push(values[0][0]);
    }
    const found = new Map(values.map(([time, value]) => [time, number(value)]));
    const frame = createDataFrame({
      refId: panel.targets[query].refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: times.map((time) => time * 1000), config: {} },
        {
          name: 'Value', type: FieldType.number, labels: metric, values: times.map((time) => found.get(time) ?? null),
          config: { displayNameFromDS: legend(panel.targets[query].legendFormat ?? '', metric) || 'Value' },
        },
      ],
    });
    frame.fields[1] = configure(frame.fields[1], index++, panel);
    frame.fields[0].display = getDisplayProcessor({ field: frame.fields[0], theme, timeZone: 'utc' });
    return frame;
  }));
}

function Empty({ panel }) {
  return <div style={{ color: theme.colors.text.secondary, textAlign: 'center', paddingTop: 20 }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

// drawMarks draws annotations over a graph.
function drawMarks(u) {
  for (const { colour, step, times } of marks) {
    u.ctx.save();
    u.ctx.strokeStyle = theme.visualization.getColorByName(colour);
    u.ctx.lineWidth = 2;
    u.ctx.setLineDash([5, 5]);
    for (const [first] of times.flatMap((each) => runs(each, step))) {
      const x = Math.round(u.valToPos(first * 1000, 'x', true));
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
    }
    u.ctx.restore();
  }
}

const context = { eventBus: new EventBusSrv() };

// runs joins times that follow each other, as Grafana joins annotations.
function runs(times, step) {
  const all = [];
  for (const time of times) {
    const last = all.at(-1);
    if (last && time - last.at(-1) <= step) last.push(time);
    else all.push([time]);
  }
  return all;
}

function Graph({ panel, width, height }) {
  const all = frames(panel);
  if (all.length === 0) return <Empty panel={panel} />;
  return (
    <PanelContextProvider value={context}>
      <TimeSeries frames={all} timeRange={timeRange} timeZone="utc" width={width} height={height} legend={panel.options.legend} options={panel.options}>
        {(builder) => {
          // Room for the last label of the axis.
          builder.setPadding([8, 16, 0, 0]);
          builder.addHook('draw', drawMarks);
          return null;
        }}
      </TimeSeries>
    </PanelContextProvider>
  );
}

function Figure({ panel, width, height }) {
  const all = frames(panel);
  const { options } = panel;
  const shown = all.length > 0 ? all : [null];
  return (
    <div style={{ display: 'flex' }}>
      {shown.map((frame, n) => {
        let value = { text: panel.fieldConfig.defaults.noValue, numeric: NaN };
        if (frame) {
          const field = frame.fields[1];
          const last = field.values.findLast((v) => v !== null);
          value = { ...field.display(last), title: field.state.displayName };
        } else {
          const colour = panel.fieldConfig.defaults.thresholds.steps[0].color;
          value.color = theme.visualization.getColorByName(colour);
        }
        return <BigValue key={n} value={value} theme={theme} width={width / shown.length} height={height}
          colorMode={options.colorMode} graphMode="none" textMode={frame ? options.textMode : 'value'} justifyMode={options.justifyMode} />;
      })}
    </div>
  );
}

function Timeline({ panel, width, height }) {
  const all = frames(panel);
  if (all.length === 0) return <Empty panel={panel} />;
  const names = 190;
  const line = (height - 20) / all.length;
  const x = (time) => ((time / 1000 - from) / (to - from)) * (width - names);
  return (
    <div style={{ position: 'relative', width, height, fontSize: 12 }}>
      {all.map(({ fields: [time, field] }, row) => {
        const spans = [];
        time.values.forEach((at, n) => {
          const value = field.values[n];
          const last = spans.at(-1);
          if (last && last.value === value) last.to = time.values[n + 1] ?? to * 1000;
          else spans.push({ value, from: at, to: time.values[n + 1] ?? to * 1000 });
        });
        return (
          <div key={row} style={{ position: 'absolute', top: row * line, height: line * 0.8, width, lineHeight: `${line * 0.8}px` }}>
            <div style={{ width: names - 8, textAlign: 'right', overflow: 'hidden', whiteSpace: 'nowrap', textOverflow: 'ellipsis' }}>{field.state.displayName}</div>
            {spans.filter(({ value }) => value !== null).map((span) => {
              const { text, color } = field.display(span.value);
              const left = Math.max(x(span.from), 0);
              const wide = Math.min(x(span.to), width - names) - left;
              return (
                <div key={span.from} style={{
                  position: 'absolute', top: 0, left: names + left, width: wide, height: '100%', background: color, opacity: 0.8,
                  color: theme.colors.getContrastText(color), overflow: 'hidden', whiteSpace: 'nowrap', paddingLeft: 4, boxSizing: 'border-box',
                }}>{wide > 30 ? text : ''}</div>
              );
            })}
          </div>
        );
      })}
      {[0, 1, 2, 3, 4].map((n) => (
        <div key={n} style={{ position: 'absolute', bottom: 0, left: names + ((width - names) * n) / 4, transform: `translateX(-${n * 25}%)`, color: theme.colors.text.secondary }}>
          {new Date((from + ((to - from) * n) / 4) * 1000).toISOString().slice(11, 16)}
        </div>
      ))}
    </div>
  );
}

// tables returns one frame for each query, as Grafana formats them as a table.
function tables(panel) {
  const many = panel.targets.length > 1;
  return answers[panel.id].map(({ series }, query) => {
    const { refId } = panel.targets[query];
    const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
    return createDataFrame({
      refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: series.map(() => to * 1000), config: {} },
        ...labels.map((label) => ({ name: label, type: FieldType.string, values: series.map(({ metric }) => metric[label]), config: {} })),
        { name: many ? `Value #${refId}` : 'Value', type: FieldType.number, values: series.map(({ values }) => number(values[0][1])), config: {} },
      ],
    });
  });
}

function Table({ panel, height }) {
  const [frame, setFrame] = useState();
  useEffect(() => {
    const subscription = transformDataFrame(panel.transformations ?? [], tables(panel)).subscribe(([first]) => setFrame(first));
    return () => subscription.unsubscribe();
  }, [panel]);
  if (!frame?.length) return <Empty panel={panel} />;
  const fields = frame.fields.map((field, n) => configure(field, n, panel));
  const cell = { padding: '6px 8px', borderBottom: `1px solid ${theme.colors.border.weak}`, textAlign: 'left', whiteSpace: 'nowrap' };
  return (
    <div style={{ height, overflow: 'hidden' }}>
      <table style={{ width: '100%', borderCollapse: 'collapse', fontSize: 13 }}>
        <thead><tr>{fields.map((field) => <th key={field.name} style={{ ...cell, color: theme.colors.primary.text }}>{field.state.displayName}</th>)}</tr></thead>
        <tbody>
          {Array.from({ length: frame.length }, (_, row) => (
            <tr key={row}>
              {fields.map((field) => {
                const value = field.values[row];
                const shown = field.type === FieldType.number ? field.display(value) : { text: value };
                const colour = field.config.custom?.cellOptions?.type === 'color-text' ? shown.color : undefined;
                const text = value === undefined || value === null ? '' : `${shown.prefix ?? ''}${shown.text}${shown.suffix ?? ''}`;
                return <td key={field.name} style={{ ...cell, color: colour }}>{text}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const kinds = { timeseries: Graph, stat: Figure, 'state-timeline': Timeline, table: Table };

function Panel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const column = (grid.WIDTH - grid.GAP) / 24;
  const box = { left: grid.GAP + x * column, top: grid.HEAD + y * (grid.CELL + grid.GAP), width: w * column - grid.GAP, height: h * (grid.CELL + grid.GAP) - grid.GAP };
  const place = { position: 'absolute', ...box };
  if (panel.type === 'row') {
    return <div style={{ ...place, fontSize: 18, fontWeight: 500, paddingTop: 4 }}>⌄ {panel.title}</div>;
  }
  const Kind = kinds[panel.type];
  return (
    <div style={place}>
      <PanelChrome title={panel.title} width={box.width} height={box.height}>
        {(width, height) => <Kind panel={panel} width={width} height={height} />}
      </PanelChrome>
    </div>
  );
}

function Page() {
  const time = (at) => new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ position: 'absolute', inset: 0, background: theme.colors.background.canvas, minHeight: '100vh' }}>
        <div style={{ padding: '12px 12px 0', fontSize: 20, fontWeight: 500 }}>
          {dashboard.title}
          <span style={{ fontSize: 14, fontWeight: 400, marginLeft: 24 }}>
            {Object.entries(variables).map(([name, value]) => `${name}: ${value}`).join('   ')}{'   '}{time(from)} – {time(to)} UTC
          </span>
        </div>
        {dashboard.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
      </div>
    </ThemeContext.Provider>
  );
}

createRoot(document.getElementById('page')).render(<Page />);
