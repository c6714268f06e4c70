package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// A dashboard is 24 units wide.
const (
	full, half, third, sixth = 24, 12, 8, 4

	statHeight, graphHeight = 4, 8
)

type target = *prometheus.DataqueryBuilder

// targets numbers the queries of a panel.
func targets(queries []target) []cog.Builder[variants.Dataquery] {
	var all []cog.Builder[variants.Dataquery]
	for n, query := range queries {
		all = append(all, query.RefId(refID(n)))
	}
	return all
}

// refID is the name of the query at a place within its panel.
func refID(n int) string {
	return string(rune('A' + n))
}

// figure is one number, large.
func figure(title, unit, description string, query target) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).Description(description).Datasource(source).Unit(unit).
		Span(sixth).Height(statHeight).Targets(targets([]target{query})).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		Orientation(common.VizOrientationAuto).
		GraphMode(common.BigValueGraphModeNone).
		ColorMode(common.BigValueColorModeBackground).
		NoValue("No data").
		Thresholds(steps(step("blue")))
}

// graph draws lines over time.
func graph(title, unit, description string, width uint32, queries ...target) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().
		Title(title).Description(description).Datasource(source).Unit(unit).
		Span(width).Height(graphHeight).Targets(targets(queries)).
		AxisSoftMin(0).LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().
			Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		Thresholds(steps(step("green")))
}

// limited draws lines, and dashed the limit beyond which an alert fires.
func limited(title, unit, description string, limit float64, queries ...target) *timeseries.PanelBuilder {
	return graph(title, unit, description, third, queries...).
		ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed)).
		Thresholds(steps(step("green"), from(limit, "red")))
}

// recorded is a graph of what a rule of one of the charts records, and says so where
// there is nothing to draw.
func recorded(chart string, p *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	return p.NoValue("No data: a rule records it that " + chart + " installs with monitoring.enabled")
}

// timeline shows for each series which state it was in when.
func timeline(title, description string, width uint32, states []dashboard.ValueMapping, queries ...target) *statetimeline.PanelBuilder {
	return statetimeline.NewPanelBuilder().
		Title(title).Description(description).Datasource(source).Unit("none").
		Span(width).Height(graphHeight).Targets(targets(queries)).
		Mappings(states).MergeValues(true).ShowValue(common.VisibilityModeAuto).RowHeight(0.8).FillOpacity(80).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(false)).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Thresholds(steps(step("text")))
}

// steps are colours by value.
func steps(all ...dashboard.Threshold) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(all)
}

// step is the colour of all values below the first from.
func step(colour string) dashboard.Threshold {
	return dashboard.Threshold{Color: colour}
}

func from(value float64, colour string) dashboard.Threshold {
	return dashboard.Threshold{Value: &value, Color: colour}
}

// state is how a value reads; without a text it reads as a number.
type state struct{ text, colour string }

func (s state) result() dashboard.ValueMappingResult {
	result := dashboard.ValueMappingResult{Color: &s.colour}
	if s.text != "" {
		result.Text = &s.text
	}
	return result
}

// values maps single values.
func values(states map[string]state) dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for value, s := range states {
		options[value] = s.result()
	}
	return dashboard.ValueMapping{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}
}

// atLeast maps a value and all above.
func atLeast(value float64, s state) dashboard.ValueMapping {
	return dashboard.ValueMapping{RangeMap: &dashboard.RangeMap{
		Type: dashboard.MappingTypeRangeToText, Options: dashboard.DashboardRangeMapOptions{From: &value, Result: s.result()},
	}}
}

// yesNo are the states of what is 1 if it is well, and 0 if not.
func yesNo(yes, no string) []dashboard.ValueMapping {
	return []dashboard.ValueMapping{values(map[string]state{"0": {no, "red"}, "1": {yes, "green"}})}
}

// dashed draws one series as a dashed line without an area: a limit that Redis
// itself reports.
func dashed(name string) (string, []dashboard.DynamicConfigValue) {
	return name, []dashboard.DynamicConfigValue{
		{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": "red"}},
		{Id: "custom.fillOpacity", Value: 0},
		{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}},
	}
}
