package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

// list is a table of the labels of a query.
func list(title, description string, width uint32, labels []string, query target) *table.PanelBuilder {
	order := map[string]any{}
	for n, label := range labels {
		order[label] = n
	}
	return table.NewPanelBuilder().
		Title(title).Description(description).Datasource(source).Unit("string").NoValue("None").
		Span(width).Height(graphHeight).
		Targets(targets([]target{query.Format(prometheus.PromQueryFormatTable)})).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]any{"Time": true, "Value": true}, "indexByName": order,
		}})
}

// columns is a table with one line for each instance, and a query for each
// column.
type columns struct {
	builder *table.PanelBuilder
	count   int
	// names are the titles by the names that Grafana gives to values.
	names, order map[string]any
}

func newColumns(title, description string, height uint32) *columns {
	return &columns{
		builder: table.NewPanelBuilder().
			Title(title).Description(description).Datasource(source).Unit("none").
			Span(full).Height(height).
			OverrideByName("Instance", []dashboard.DynamicConfigValue{{Id: "links", Value: []map[string]any{{
				"title": "Dashboard of this instance",
				"url":   "/d/tenant-redis?var-cluster=${cluster}&var-namespace=${__data.fields.Namespace}&var-instance=${__data.fields.Instance}&var-datasource=${datasource}",
			}}}}),
		names: map[string]any{"namespace": "Namespace", "tenant_redis": "Instance"},
		order: map[string]any{"namespace": 0, "tenant_redis": 1},
	}
}

// add adds a column; one without colours is not coloured.
func (c *columns) add(title, unit, expr string, colours *dashboard.ThresholdsConfigBuilder, more ...dashboard.DynamicConfigValue) {
	id := refID(c.count)
	c.count++
	value := "Value #" + id
	c.names[value] = title
	c.order[value] = c.count + 1
	c.builder.WithTarget(latest(expr, "").RefId(id).Format(prometheus.PromQueryFormatTable))

	properties := append([]dashboard.DynamicConfigValue{{Id: "unit", Value: unit}}, more...)
	if colours != nil {
		// The builder of constants cannot fail.
		built, _ := colours.Build()
		properties = append(properties,
			dashboard.DynamicConfigValue{Id: "thresholds", Value: built},
			dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": "color-text"}})
	}
	c.builder.OverrideByName(title, properties)
}

func (c *columns) table() *table.PanelBuilder {
	return c.builder.
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]any{"Time": true}, "indexByName": c.order, "renameByName": c.names,
		}})
}
